"""Planning what is said about money: renewals ahead, invoices that stay unpaid, cards that expire.

Derived from the mirrors at every run; the key of a job is what makes it one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp import clock, outbox
from webapp.billing.buying.order import midnight
from webapp.billing.models import Customer, Invoice, Subscription
from webapp.billing.models.subscription import OVER
from webapp.billing.owing.telling import CARD_DAYS, NOTICE_DAYS, REMINDERS, latest_day
from webapp.db import session
from webapp.engagements.models import Engagement

AHEAD = timedelta(hours=48)
# A mail that is further behind than this is no longer of use.
BEHIND = timedelta(days=2)
MORNING = timedelta(hours=9)
OLDEST = timedelta(days=90)

Row = tuple[str, list[object], str, datetime]


def plan_notices() -> None:
    """Renewals in the days ahead are announced, each at its exact instant."""
    now = clock.now()
    first, last = now, now + timedelta(days=NOTICE_DAYS) + AHEAD
    rows = select(Subscription).where(
        Subscription.status.not_in(OVER), Subscription.renews_at.between(first, last)
    )
    outbox.enqueue_all(
        _job("billing.tell_upcoming", row.id, row.renews_at.isoformat(),
             at=row.renews_at - timedelta(days=NOTICE_DAYS))
        for row in session.scalars(rows) if row.renews and row.renews_at
    )  # fmt: skip


def plan_reminders() -> None:
    """Unpaid invoices are spoken of again on days 3, 7 and 10, while they are; one that was sent
    also when its due date has passed."""
    now = clock.now()
    rows = select(Invoice).where(
        Invoice.status == "open", Invoice.settled_note == "", Invoice.issued_at > now - OLDEST
    )
    owed = session.scalars(rows.options(joinedload(Invoice.engagement))).all()
    due = (job for invoice in owed for job in _reminders(invoice))
    outbox.enqueue_all(job for job in due if job[3] < now + AHEAD)


def _reminders(invoice: Invoice) -> Iterator[Row]:
    """The latest day that has come, however long ago (whatever stood still, somebody has to decide)
    and those ahead."""
    if invoice.collection == "card" and not invoice.failing:
        return
    days = REMINDERS if invoice.collection == "card" else (0, *REMINDERS)
    for day in days:
        if day >= latest_day(invoice):
            at = invoice.late_since + timedelta(days=day)
            yield _job("billing.tell_failed", invoice.id, day, at=at)


def plan_card_notices() -> None:
    """Cards that renewals are charged to are spoken of a month and a week before they expire."""
    now = clock.now()
    months = [f"{now + relativedelta(months=ahead):%m/%Y}" for ahead in range(3)]
    charged = select(Engagement.company_id).join(Subscription).where(
        Subscription.status.not_in(OVER), Subscription.cancel_at_period_end.is_(False)
    )  # fmt: skip
    rows = select(Customer).where(
        Customer.card_expires.in_(months), Customer.company_id.in_(charged)
    )
    found = session.scalars(rows.options(joinedload(Customer.company))).all()
    due = (job for customer in found for job in _card_notices(customer))
    outbox.enqueue_all(job for job in due if now - BEHIND < job[3] < now + AHEAD)


def _card_notices(customer: Customer) -> Iterator[Row]:
    last, company = customer.last_day, customer.company
    assert last is not None
    for days in CARD_DAYS:
        at = midnight(last - timedelta(days=days), company.time_zone) + MORNING
        yield _job("billing.tell_card", customer.id, customer.card_expires, customer.fingerprint,
                   at=at, more=str(days))  # fmt: skip


def _job(task: str, *payload: object, at: datetime, more: str = "") -> Row:
    args = [str(part) if isinstance(part, uuid.UUID) else part for part in payload]
    key = ":".join([task, *map(str, args), *([more] if more else [])])
    return task, args, key, at
