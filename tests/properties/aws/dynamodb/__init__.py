"""Tests of the DynamoDB tables for any input."""
