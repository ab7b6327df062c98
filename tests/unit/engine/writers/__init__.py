"""Tests of the csv and xlsx writers."""
