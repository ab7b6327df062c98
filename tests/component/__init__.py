"""Tests of modules together with a real PostgreSQL and moto's AWS."""
