"""Tests of the nuclear medicine exports against OpenREM's own files."""
