"""Tests of the CT exports on a real PostgreSQL and moto's AWS."""
