"""What people ask the service to do."""
