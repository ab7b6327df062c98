"""Tests of the Dose Export service."""
