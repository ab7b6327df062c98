"""HTTP requests and responses of the Lambda functions."""
