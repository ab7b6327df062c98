"""Tests of the mammography exports."""
