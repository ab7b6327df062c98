"""Nuclear medicine."""
