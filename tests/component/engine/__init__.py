"""Tests of the way from the database to a file on a real PostgreSQL and moto's AWS."""
