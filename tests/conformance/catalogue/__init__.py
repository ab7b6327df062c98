"""Tests of the export types against OpenREM's own files."""
