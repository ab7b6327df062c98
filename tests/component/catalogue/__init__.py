"""Tests of the export types on a real PostgreSQL and moto's AWS."""
