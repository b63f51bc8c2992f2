"""Refunds."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.billing.objects.refund import StripeRefund
from webapp.billing.stripe_gateway import ask, keyed


def make(payment_intent: str, minor: int, metadata: Mapping[str, str], key: str) -> StripeRefund:
    """Give back `minor` units of a payment."""
    params = {"payment_intent": payment_intent, "amount": minor, "metadata": dict(metadata)}
    return StripeRefund.read(ask(lambda v1: v1.refunds.create(params, keyed(key))))


def read(refund_id: str) -> StripeRefund:
    return StripeRefund.read(ask(lambda v1: v1.refunds.retrieve(refund_id)))


def list_of(payment_intent: str) -> list[StripeRefund]:
    params = {"payment_intent": payment_intent, "limit": 100}
    return [StripeRefund.read(one) for one in ask(lambda v1: v1.refunds.list(params))["data"]]
