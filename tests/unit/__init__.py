"""Tests of single modules, without network, database or AWS."""
