"""Tests of the csv and xlsx writers for any input."""
