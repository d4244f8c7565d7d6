"""What is registered, how, and until when."""
