"""The mails of the calendar, and which of them are due."""
