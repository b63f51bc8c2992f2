"""Money at a glance, by currency: what is due, came in, is late, and will be charged next.

It is summed by PostgreSQL from the mirrors; what begins again after a pause is reckoned one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from sqlalchemy import ColumnElement, Row, case, func, select

from webapp import clock
from webapp.billing.books.coming import coming
from webapp.billing.models import (
    Dispute,
    Drift,
    Invoice,
    InvoiceItem,
    Payment,
    Refund,
    StripeEvent,
)
from webapp.billing.models.invoice_item import PENDING
from webapp.billing.states import is_overdue, late_since, undecided
from webapp.db import session
from webapp.money import Money

# Days late: up to 30, up to 60, up to 90, and more.
AGES = (30, 60, 90)
AGE_LABELS = ("0–30 days", "31–60 days", "61–90 days", "over 90 days")


@dataclass(frozen=True)
class Sum:
    """How many rows, and what they come to."""

    count: int
    amount: Money


@dataclass
class CurrencyLine:
    """What one currency's books come to. overdue: one Sum for each of AGE_LABELS.

    paid, returned, lost: of this month, each on its own day, whenever the others were; disputed:
    what banks have taken and not decided on, to be answered by answer_by; upcoming: of the next
    thirty days.
    """

    currency: str
    due: Sum
    overdue: list[Sum]
    paid: Sum
    returned: Sum
    upcoming: Sum
    items: Sum
    disputed: Sum
    lost: Sum
    answer_by: datetime | None = None

    @property
    def kept(self) -> Money:
        """What was paid this month, less what went back in it."""
        return self.paid.amount - self.returned.amount - self.lost.amount

    @property
    def late(self) -> Sum:
        amounts = (one.amount for one in self.overdue)
        zero = Money(0, self.currency)
        return Sum(sum(one.count for one in self.overdue), sum(amounts, zero))


@dataclass
class Overview:
    """lines: by currency; failed, drift: what waits for somebody."""

    since: datetime
    lines: list[CurrencyLine]
    failed: int
    drift: int


def overview(zone: str) -> Overview:
    """The books as they stand; this month is counted in the firm's zone. As many queries for
    however many clients, but for a few for each pause."""
    since = month_start(clock.now(), zone)
    parts: dict[str, Sequence[Any]] = {
        "open": _by_currency(_open()),
        "paid": _by_currency(_paid(since)),
        "returned": _by_currency(_returned(since)),
        "upcoming": coming(),
        "items": _by_currency(_waiting_items()),
        "disputed": _by_currency(_disputed()),
        "lost": _by_currency(_lost(since)),
    }
    currencies = sorted({row.currency for rows in parts.values() for row in rows})
    failed, drift = session.execute(_waiting()).one()
    return Overview(since, [_line(parts, code) for code in currencies], failed, drift)


def month_start(at: datetime, zone: str) -> datetime:
    local = at.astimezone(ZoneInfo(zone))
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def month_bounds(month: str, zone: str) -> tuple[datetime, datetime]:
    """[start, end) of a month written '2026-11', in a zone; ValueError for anything else."""
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=ZoneInfo(zone))
    return start.astimezone(UTC), (start + relativedelta(months=1)).astimezone(UTC)


def _age() -> ColumnElement[int]:
    """The index in AGE_LABELS of an overdue invoice; -1 for one that is not."""
    now = clock.now()
    steps = [(late_since() > now - timedelta(days=days), at) for at, days in enumerate(AGES)]
    return case((~is_overdue(), -1), *steps, else_=len(AGES))


# -- the sums --------------------------------------------------------------------------------------


def _by_currency(query: Any) -> Sequence[Row[Any]]:
    return session.execute(query).all()


def _open() -> Any:
    age = _age().label("age")
    summed = (func.count().label("rows"), func.sum(Invoice.due_minor).label("minor"))
    owed = Invoice.status == "open", Invoice.settled_note == ""
    rows = select(Invoice.currency, age, *summed).where(*owed)
    return rows.group_by(Invoice.currency, age)


def _paid(since: datetime) -> Any:
    """By what was paid, however it was: out of band too."""
    summed = (func.count().label("rows"), func.sum(Invoice.paid_minor).label("minor"))
    rows = select(Invoice.currency, *summed).where(Invoice.paid_at >= since)
    return rows.where(Invoice.status == "paid").group_by(Invoice.currency)


def _returned(since: datetime) -> Any:
    summed = (func.count().label("rows"), func.sum(Refund.amount_minor).label("minor"))
    rows = select(Refund.currency, *summed).where(Refund.created_at >= since)
    return rows.where(Refund.state != "failed").group_by(Refund.currency)


def _disputed() -> Any:
    """By what the banks have taken, with the first day by which one has to be answered."""
    summed = (func.count().label("rows"), func.sum(Dispute.amount_minor).label("minor"))
    due = func.min(Dispute.evidence_due_at).label("answer_by")
    rows = select(Dispute.currency, *summed, due).where(undecided())
    return rows.group_by(Dispute.currency)


def _lost(since: datetime) -> Any:
    summed = (func.count().label("rows"), func.sum(Dispute.amount_minor).label("minor"))
    rows = select(Dispute.currency, *summed).where(Dispute.closed_at >= since)
    return rows.where(Dispute.status == "lost").group_by(Dispute.currency)


def _waiting_items() -> Any:
    """Items that wait for an invoice."""
    summed = (func.count().label("rows"), func.sum(InvoiceItem.amount_minor).label("minor"))
    rows = select(InvoiceItem.currency, *summed).where(InvoiceItem.state.in_(PENDING))
    return rows.group_by(InvoiceItem.currency)


def _waiting() -> Any:
    failed = select(func.count()).where(StripeEvent.state == "failed").scalar_subquery()
    drift = select(func.count()).where(Drift.mended_at.is_(None)).scalar_subquery()
    return select(failed, drift)


def _line(parts: dict[str, Sequence[Any]], currency: str) -> CurrencyLine:
    ours = {name: [row for row in rows if row.currency == currency] for name, rows in parts.items()}
    aged = [
        _total((row for row in ours["open"] if row.age == age), currency)
        for age in range(len(AGE_LABELS))
    ]
    due = _total((row for row in ours["open"] if row.age == -1), currency)
    sums = {name: _total(rows, currency) for name, rows in ours.items() if name != "open"}
    answer_by = next((row.answer_by for row in ours["disputed"]), None)
    return CurrencyLine(currency, due, aged, **sums, answer_by=answer_by)


def _total(rows: Iterable[Any], currency: str) -> Sum:
    counted = [(row.rows, int(row.minor)) for row in rows]
    return Sum(sum(n for n, _ in counted), Money(sum(m for _, m in counted), currency))


def net_fees(since: datetime, until: datetime) -> list[Money]:
    """What Stripe kept of the payments of a span, by the currency it settled in."""
    rows = (
        select(Payment.settled_currency, func.sum(Payment.fee_minor))
        .where(Payment.paid_at >= since, Payment.paid_at < until, Payment.fee_minor.is_not(None))
        .group_by(Payment.settled_currency)
        .order_by(Payment.settled_currency)
    )
    return [Money(int(minor or 0), currency) for currency, minor in session.execute(rows)]
