"""What of a client's payment goes on to the consultants, and what is taken back of it."""
