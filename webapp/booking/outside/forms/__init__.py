"""What a consultant sends to connect a calendar."""
