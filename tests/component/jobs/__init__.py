"""Tests of what runs in the background on a real PostgreSQL and moto's AWS."""
