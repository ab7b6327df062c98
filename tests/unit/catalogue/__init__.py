"""Tests of the export types."""
