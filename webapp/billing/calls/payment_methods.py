"""Means of payment."""

from __future__ import annotations

from webapp.billing.objects.customer import StripeMeans
from webapp.billing.stripe_gateway import ask


def read(method: str) -> StripeMeans:
    return StripeMeans.read(ask(lambda v1: v1.payment_methods.retrieve(method)))
