"""Tests of the local stack and its tools."""
