"""Columns, filters, orders and SQL that several modalities share."""
