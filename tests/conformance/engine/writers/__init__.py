"""Tests of the csv and xlsx writers against OpenREM's own files."""
