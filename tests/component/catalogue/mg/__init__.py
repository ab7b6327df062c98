"""Tests of the mammography exports on a real PostgreSQL and moto's AWS."""
