"""Databases for tests, and what is known of their content."""
