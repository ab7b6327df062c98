"""HTTP in and out of the Lambda functions."""
