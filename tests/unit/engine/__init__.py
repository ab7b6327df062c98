"""Tests of the way from the database to a file."""
