"""Tests of the nuclear medicine exports on a real PostgreSQL and moto's AWS."""
