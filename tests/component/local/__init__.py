"""Tests of the local stack and its tools on a real PostgreSQL and moto's AWS."""
