"""Buying: what is sold, Checkout, and what follows from paying."""
