"""The DynamoDB tables, one repository per table."""
