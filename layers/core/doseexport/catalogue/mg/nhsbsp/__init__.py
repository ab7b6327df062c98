"""Dose surveys of the NHS Breast Screening Programme (NHSBSP)."""
