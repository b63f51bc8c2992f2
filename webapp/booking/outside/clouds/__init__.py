"""Google and Microsoft accounts."""
