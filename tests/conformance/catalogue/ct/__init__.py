"""Tests of the CT exports against OpenREM's own files."""
