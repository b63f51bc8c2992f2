"""Stripe's customer portal."""

from __future__ import annotations

from webapp.billing.stripe_gateway import ask


def open_session(customer: str, return_url: str) -> str:
    """The address of a portal session, good for a few minutes."""
    params = {"customer": customer, "return_url": return_url}
    return str(ask(lambda v1: v1.billing_portal.sessions.create(params))["url"])
