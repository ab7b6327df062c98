"""Fluoroscopy."""
