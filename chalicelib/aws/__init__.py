"""The ports for real: DynamoDB, SQS, EventBridge Scheduler and KMS."""
