"""Dose Export: exact, fast, abortable exports of OpenREM dose records."""
