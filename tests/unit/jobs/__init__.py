"""Tests of what runs in the background."""
