"""Tests of the radiography exports on a real PostgreSQL and moto's AWS."""
