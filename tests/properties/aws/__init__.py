"""Tests of the AWS adapters for any input."""
