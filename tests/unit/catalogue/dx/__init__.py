"""Tests of the radiography exports."""
