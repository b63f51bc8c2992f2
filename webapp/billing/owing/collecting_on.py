"""What a company owes beside a subscription that has ended is collected on.

Stripe stops collecting every invoice of a customer by itself once one of their subscriptions is
cancelled (https://docs.stripe.com/api/subscriptions/cancel): those of their other engagements, too,
and our own bills. Only the months of what has ended stay as they are, for a person to decide about.
"""

from __future__ import annotations

import uuid

from sqlalchemy import select

from webapp import audit, outbox
from webapp.billing import mirroring
from webapp.billing.calls import invoices
from webapp.billing.models import Invoice, Subscription
from webapp.billing.models.subscription import OVER
from webapp.db import session
from webapp.engagements.models import Engagement


def go_on(engagement_id: uuid.UUID, ended: str) -> None:
    """After a subscription of this engagement has ended: each invoice in its own job."""
    company_id = session.get_one(Engagement, engagement_id).company_id
    rows = select(Invoice).join(Engagement).where(
        Engagement.company_id == company_id, Invoice.status == "open",
        Invoice.collection == "card", Invoice.settled_note == "",
    )  # fmt: skip
    for invoice in session.scalars(rows.order_by(Invoice.id)):
        outbox.enqueue("billing.collect_on", invoice.id, ended)


def collect_on(invoice_id: uuid.UUID) -> None:
    """Have Stripe collect it by itself again, unless it is a month of what has ended."""
    invoice = session.get_one(Invoice, invoice_id)
    engagement = mirroring.locked(invoice.engagement_id)
    assert engagement is not None
    found = invoices.read(invoice.stripe_id)
    stopped = found.status == "open" and not found.advances
    if stopped and (found.subscription is None or _lives(found.subscription)):
        invoices.go_on_collecting(found.id)
        audit.record("invoice.collected_on", invoice)
    mirroring.sync_invoice(engagement, found.id)


def _lives(subscription_id: str) -> bool:
    row = select(Subscription.id).where(
        Subscription.stripe_id == subscription_id, Subscription.status.not_in(OVER)
    )
    return session.scalar(row) is not None
