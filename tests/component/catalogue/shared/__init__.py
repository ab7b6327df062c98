"""Tests of what export types share on a real PostgreSQL and moto's AWS."""
