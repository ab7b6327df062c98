"""Tests of the NHSBSP dose surveys."""
