"""Audits of dose: groups, figures, diagnostic reference levels (DRLs) and outliers (docs/audit.md)."""
