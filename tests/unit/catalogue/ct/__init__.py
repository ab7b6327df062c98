"""Tests of the CT exports."""
