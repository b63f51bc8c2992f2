"""A small stand-in for Stripe over HTTP, for a first run and for tests."""
