"""What runs the whole service on one machine; nothing here is deployed."""
