"""Measurements of time, memory and cost, against other programs."""
