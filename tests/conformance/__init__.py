"""Comparisons with the files that OpenREM itself writes."""
