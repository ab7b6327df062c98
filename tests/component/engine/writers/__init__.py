"""Tests of the csv and xlsx writers on a real PostgreSQL and moto's AWS."""
