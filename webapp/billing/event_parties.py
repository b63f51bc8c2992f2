"""Whose an event's object is: the engagement it is about, or nobody's that we know."""

from __future__ import annotations

import uuid

from webapp.billing import mirroring
from webapp.billing.calls import invoices
from webapp.billing.models import Invoice
from webapp.engagements.models import Engagement
from webapp.outbox import RetryLater


class NotOurs(Exception):
    """About something in the Stripe account that Righthand did not make."""


def engagement_of(named: str | None) -> Engagement:
    """The engagement an object names, locked. Not here (yet) is tried again, never dropped."""
    try:
        engagement_id = uuid.UUID(named or "")
    except ValueError:
        raise NotOurs("names no engagement") from None
    engagement = mirroring.locked(engagement_id)
    if engagement is None:
        raise RetryLater(f"engagement {engagement_id} is not here yet", 30)
    return engagement


def invoice_paid_by(payment_intent: str | None) -> Invoice:
    """The invoice that a payment intent paid; not here (yet) is tried again, never dropped."""
    stripe_id = invoices.invoice_of_payment(payment_intent) if payment_intent else None
    known = Invoice.known(stripe_id or "")
    if stripe_id and known is None:
        raise RetryLater(f"invoice {stripe_id} is not here yet", 30)
    if known is None:
        raise NotOurs("pays no invoice")
    return known
