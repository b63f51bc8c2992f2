"""Reviews: the monthly series, invitations, reminders."""
