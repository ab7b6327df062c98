"""Tests of the mammography exports against OpenREM's own files."""
