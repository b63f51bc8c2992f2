"""Means of payment."""

from __future__ import annotations

from webapp.billing.objects.customer import StripeCard
from webapp.billing.stripe_gateway import ask


def read(method: str) -> StripeCard:
    return StripeCard.read(ask(lambda v1: v1.payment_methods.retrieve(method)))
