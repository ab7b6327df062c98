"""Radiography (DX, CR and PX)."""
