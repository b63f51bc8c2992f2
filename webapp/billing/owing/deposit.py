"""The deposit: the client's own money until the end, set off against what they owe last.

It is taken with the first invoice, applied to the last renewal (or the final invoice) by one
negative line, and what is left of it goes back to the payment it came from.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from dateutil.relativedelta import relativedelta
from sqlalchemy import func, select

from webapp import clock, outbox
from webapp.billing import mirroring
from webapp.billing.calls import invoices
from webapp.billing.models import Invoice, InvoiceItem, Subscription
from webapp.billing.models.invoice_item import PENDING
from webapp.billing.models.subscription import OVER
from webapp.billing.owing.placing import take_back
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money

# A renewal is the last when the end comes no later than a month after it, give or take a clock
# change and the length of months.
MONTH = relativedelta(months=1, days=3)
BEFORE_RENEWAL = timedelta(hours=36)
REASON = "deposit"


def paid_with(engagement: Engagement) -> Invoice | None:
    """The invoice that took the deposit."""
    paid = Invoice.paid_of(engagement)
    return next((invoice for invoice in paid if _deposit_on(invoice)), None)


def left_of(engagement: Engagement) -> Money:
    """What is held of it: taken, less applied, less given back."""
    taken, currency = paid_with(engagement), engagement.terms.currency
    if taken is None:
        return Money(0, currency)
    applied = sum(item.amount_minor for item in _applied(engagement))
    back = sum(row.amount_minor for row in taken.refunds if row.state != "failed")
    beyond = max(0, back - (taken.paid_minor - _deposit_on(taken)))
    from_deposit = max(beyond, _given_back(taken))
    return Money(max(0, _deposit_on(taken) + applied - from_deposit), currency)


def _deposit_on(invoice: Invoice) -> int:
    return sum(line["minor"] for line in invoice.lines if line.get("kind") == "deposit")


def _given_back(invoice: Invoice) -> int:
    """By a refund of the deposit itself."""
    ours = (row for row in invoice.refunds if row.reason == REASON and row.state != "failed")
    return sum(row.amount_minor for row in ours)


def _applied(engagement: Engagement) -> list[InvoiceItem]:
    rows = select(InvoiceItem).where(
        InvoiceItem.engagement_id == engagement.id,
        InvoiceItem.kind == "deposit_applied",
        InvoiceItem.state != "void",
    )
    return list(session.scalars(rows))


def set_off(engagement: Engagement, against: Money) -> InvoiceItem | None:
    """One negative line of what is left, never more than what it is set off against."""
    amount = min(left_of(engagement), against)
    if amount.minor <= 0:
        return None
    label = "Deposit, set off"
    return InvoiceItem.add(engagement, "deposit_applied", _key(engagement), label, -amount)


def _key(engagement: Engagement) -> str:
    """A set-off that was taken back (notice withdrawn) may come again, under another key."""
    ours = InvoiceItem.key.startswith(f"deposit:{engagement.id}")
    before = session.scalar(select(func.count()).select_from(InvoiceItem).where(ours)) or 0
    return f"deposit:{engagement.id}" + (f":{before}" if before else "")


# -- the last renewal ------------------------------------------------------------------------------


def plan_last_renewals() -> None:
    """Shortly before a renewal that is the last, its engagement's deposit is looked at."""
    now = clock.now()
    rows = select(Subscription).where(
        Subscription.status.not_in(OVER),
        Subscription.renews_at.between(now, now + BEFORE_RENEWAL),
        Subscription.cancels_at.is_not(None),
    )
    for mirror in session.scalars(rows.order_by(Subscription.id)):
        if mirror.renews and _last(mirror):
            assert mirror.renews_at
            day = mirror.renews_at.date().isoformat()
            outbox.enqueue("billing.apply_deposit", mirror.engagement_id, day)


def _last(mirror: Subscription) -> bool:
    assert mirror.renews_at and mirror.cancels_at
    return mirror.cancels_at <= mirror.renews_at + MONTH


def apply_to_last_renewal(engagement_id: uuid.UUID) -> None:
    """As much as Stripe's preview of that invoice can take, so that it never falls below zero."""
    engagement = mirroring.locked(engagement_id)
    assert engagement is not None
    mirror = Subscription.of(engagement)
    if mirror and mirror.renews and mirror.cancels_at and _last(mirror):
        set_off(engagement, invoices.preview_renewal(mirror.stripe_id).due)


def take_back_unneeded() -> None:
    """A set-off that still waits while no end is planned any more (notice was withdrawn)."""
    rows = (
        select(InvoiceItem)
        .join(Subscription, Subscription.engagement_id == InvoiceItem.engagement_id)
        .where(InvoiceItem.kind == "deposit_applied", InvoiceItem.state.in_(PENDING))
        .where(InvoiceItem.bill_id.is_(None), Subscription.status.not_in(OVER))
        .where(Subscription.cancels_at.is_(None))
        .order_by(InvoiceItem.id)
        .with_for_update(of=InvoiceItem, skip_locked=True)
    )
    for item in session.scalars(rows).all():
        take_back(item)
