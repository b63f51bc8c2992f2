"""Mail: delivery of stored e-mails."""
