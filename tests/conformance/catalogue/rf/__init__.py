"""Tests of the fluoroscopy exports against OpenREM's own files."""
