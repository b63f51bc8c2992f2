"""Billing: Stripe events, reconciling, refunds."""
