"""What people send to the calendar."""
