"""Tests of what runs in the background for any input."""
