"""Tests of the DynamoDB tables on a real PostgreSQL and moto's AWS."""
