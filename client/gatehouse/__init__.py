"""The SDK: register a service with a Gatehouse gateway."""
