"""Tests of the domain rules for any input."""
