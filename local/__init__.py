"""Tools that run the complete service on one machine. Nothing here is deployed."""
