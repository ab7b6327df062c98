"""Tests of the nuclear medicine exports."""
