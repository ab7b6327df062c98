"""Tests of the way from the database to a file for any input."""
