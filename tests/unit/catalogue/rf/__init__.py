"""Tests of the fluoroscopy exports."""
