"""Tests of the radiography exports against OpenREM's own files."""
