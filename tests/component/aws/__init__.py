"""Tests of the AWS adapters on a real PostgreSQL and moto's AWS."""
