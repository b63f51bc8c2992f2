"""The mails of buying: what became of a bank debit."""

from __future__ import annotations

import uuid
from typing import Any

from webapp import clock
from webapp.billing.buying.order import Order
from webapp.billing.models import Checkout
from webapp.db import session
from webapp.engagements.mails import start_url
from webapp.notifications.sending import send_email


def tell_debit_begun(checkout_id: uuid.UUID) -> None:
    """Nothing once the bank has decided."""
    checkout = session.get_one(Checkout, checkout_id)
    if checkout.on_its_way and checkout.engagement.stage == "signed":
        _send("debit_begun", checkout, settles_by=checkout.settles_by)


def tell_debit_returned(checkout_id: uuid.UUID) -> None:
    """Nothing once it was paid another way, or the time is over."""
    checkout = session.get_one(Checkout, checkout_id)
    engagement = checkout.engagement
    if engagement.stage == "signed" and clock.now() < engagement.hold.starts_at:
        _send("debit_returned", checkout)


def _send(kind: str, checkout: Checkout, **context: Any) -> None:
    engagement = checkout.engagement
    assert engagement.company and engagement.company.billing_contact
    send_email(kind, engagement.company.billing_contact, checkout, engagement=engagement,
               amount=Order.of(engagement).total, zone=engagement.time_zone,
               url=start_url(engagement), **context)  # fmt: skip
