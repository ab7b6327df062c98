"""Tables of an export for programs."""
