"""Closing an engagement's account: the final invoice, the deposit set off, the rest given back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from webapp import audit
from webapp.billing import mirroring
from webapp.billing.calls import items
from webapp.billing.models import Bill, Invoice, InvoiceItem, Refund, Subscription
from webapp.billing.owing import deposit, unpaid_months
from webapp.billing.owing.bills import bill_now
from webapp.billing.owing.placing import take_back
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.outbox import RetryLater

CREDIT = "credit_at_the_end"
HOUR = 3600


def close_account(engagement_id: uuid.UUID) -> None:
    """After the end: what waits goes on a final invoice less the deposit, which is never negative;
    what is left of the deposit goes back once nothing is open. Safe to call again: an invoice that
    is settled later puts it in line once more.

    Raises RetryLater while Stripe is still putting an invoice of this engagement together.
    """
    engagement = mirroring.locked(engagement_id)
    if engagement is None or engagement.stage != "ended":
        return
    _wait_for_stripe(engagement)
    unpaid_months.draw_together(engagement)
    waiting = InvoiceItem.pending_of(engagement)
    open_now = sum((item.amount for item in waiting), Money(0, engagement.terms.currency))
    if open_now.minor < 0:
        _give_credit_back(engagement, waiting, -open_now)
    elif waiting:
        applied = deposit.set_off(engagement, open_now)
        bill_now(engagement, "final invoice", [*waiting, *([applied] if applied else [])])
    _give_deposit_back(engagement)


def _wait_for_stripe(engagement: Engagement) -> None:
    """No invoice of the subscription's may come to be, or be unfinished, while we close."""
    mirror = Subscription.of(engagement)
    if mirror and not mirror.over:
        mirroring.sync_subscription(engagement, mirror.stripe_id)
        if not mirror.over:
            raise RetryLater("the subscription has not ended yet", HOUR)
    for item in InvoiceItem.pending_of(engagement):
        there = items.read(item.stripe_id) if item.stripe_id else None
        if there and there.invoice:
            raise RetryLater(f"an invoice of Stripe's took {item.key} and is not final yet", HOUR)


def _give_credit_back(
    engagement: Engagement, waiting: Sequence[InvoiceItem], credit: Money
) -> None:
    """Nothing will be charged that a credit could be set off against: it is paid back."""
    for item in waiting:
        take_back(item)
    for invoice in reversed(Invoice.paid_of(engagement)):
        part = min(credit, invoice.paid - invoice.given_back)
        if part.minor > 0:
            Refund.intend(invoice, part, CREDIT)
            credit -= part


def _give_deposit_back(engagement: Engagement) -> None:
    """Once nothing is owed any more; what was never paid is kept of it."""
    if _open(engagement) or Bill.unmade(engagement):
        return
    left, taken = deposit.left_of(engagement), deposit.paid_with(engagement)
    kept = sum(row.due_minor for row in _of(engagement, "uncollectible"))
    back = Money(left.minor - kept, left.currency)
    if taken and back.minor > 0:
        Refund.intend(taken, back, deposit.REASON)
    audit.record("account.closed", engagement, deposit_back=max(0, back.minor), kept=kept)


def _open(engagement: Engagement) -> bool:
    return bool(_of(engagement, "open"))


def _of(engagement: Engagement, status: str) -> list[Invoice]:
    rows = select(Invoice).where(Invoice.engagement_id == engagement.id, Invoice.status == status)
    return list(session.scalars(rows))
