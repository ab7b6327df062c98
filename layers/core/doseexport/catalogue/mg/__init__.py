"""Mammography."""
