"""Tests of the HTTP interface on a real PostgreSQL and moto's AWS."""
