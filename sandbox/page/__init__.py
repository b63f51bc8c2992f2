"""The page "Mail and time": the mails the app sent, the Stripe stand-in's books, the clock."""
