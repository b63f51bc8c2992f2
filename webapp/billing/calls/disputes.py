"""Disputes."""

from __future__ import annotations

from webapp.billing.objects.dispute import StripeDispute
from webapp.billing.stripe_gateway import ask


def read(dispute: str) -> StripeDispute:
    return StripeDispute.read(ask(lambda v1: v1.disputes.retrieve(dispute)))


def list_of(charge: str) -> list[StripeDispute]:
    params = {"charge": charge, "limit": 100}
    return [StripeDispute.read(one) for one in ask(lambda v1: v1.disputes.list(params))["data"]]
