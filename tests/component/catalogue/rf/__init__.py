"""Tests of the fluoroscopy exports on a real PostgreSQL and moto's AWS."""
