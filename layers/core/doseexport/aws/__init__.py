"""The adapters to AWS, one module per service."""
