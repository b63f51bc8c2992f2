"""Calendar files: invitations and feeds, their time zones, ways to add a meeting by hand."""
