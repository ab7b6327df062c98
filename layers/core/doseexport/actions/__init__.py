"""The use cases: one function per request of the API."""
