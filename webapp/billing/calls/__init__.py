"""Thin verbs on Stripe's objects, one module a noun; each asks through the one door."""
