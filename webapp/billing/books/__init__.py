"""The books: what was billed and paid, held against Stripe's own account of it."""
