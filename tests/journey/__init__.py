"""Journeys through the whole service on this machine."""
