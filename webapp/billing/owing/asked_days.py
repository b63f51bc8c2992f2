"""Which days the client was asked to pay for, and by which charge: one rule for taking up, for the
final invoice and for what is foreseen of it.

A day is asked for by the month's invoice, until a pause gives it back; then by the item of the day
on which work went on ('resume:'), or of the days that Stripe charged for no more ('again:'). So
each day is asked for once, however often it was given back and worked after all. What was voided
counts as asked for: it is asked anew, or somebody let the client off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from webapp.billing.buying.order import month_number
from webapp.billing.models import Credit, Invoice, InvoiceItem
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.models.period import month_of, span

MONTHS = ("first_month", "retainer")
BY_DAYS = ("resume:", "again:")
Line = dict[str, Any]


def number_of(engagement: Engagement, line: Line) -> int:
    """Of the month that a line is for: Stripe does not know the days of the first one, and may
    stand an hour off with the others."""
    if line["kind"] == "first_month":
        return 1
    return month_number(engagement, datetime.fromisoformat(line["starts"]))


@dataclass(frozen=True)
class AskedDays:
    """kick_off: the first day; months: the numbers of those that an invoice asked for; items: that
    ask for whole days; credits: of days given back for a pause."""

    kick_off: date
    months: frozenset[int]
    items: Sequence[InvoiceItem]
    credits: Sequence[Credit]

    @classmethod
    def of(cls, engagement: Engagement) -> AskedDays:
        lines = select(Invoice.lines).where(Invoice.engagement_id == engagement.id)
        months = (line for found in session.scalars(lines) for line in found)
        numbers = {number_of(engagement, one) for one in months if one["kind"] in MONTHS}
        items = select(InvoiceItem).where(
            InvoiceItem.engagement_id == engagement.id, InvoiceItem.starts.is_not(None),
            or_(*(InvoiceItem.key.startswith(name) for name in BY_DAYS)),
        )  # fmt: skip
        credits = [one for one in Credit.of(engagement, "pause") if one.starts and one.ends]
        found = session.scalars(items.order_by(InvoiceItem.id)).all()
        return cls(engagement.kick_off_on, frozenset(numbers), found, credits)

    def any_asks(self, day: date) -> bool:
        month = month_of(self.kick_off, day) in self.months and self.month_asks(day)
        return month or any(_for(one, day) and self.item_asks(one, day) for one in self.items)

    def month_asks(self, day: date) -> bool:
        """Whether the invoice of its month still does."""
        others: list[InvoiceItem | Credit] = [*self.items, *self.credits]
        return not any(_for(one, day) for one in others)

    def item_asks(self, item: InvoiceItem, day: date) -> bool:
        """Whether an item for that day still does: nothing later gave it back, or asks for it."""
        others = self._others(item)
        return not any(_for(one, day) for one in others if one.id > item.id)

    def _others(self, item: InvoiceItem) -> list[InvoiceItem | Credit]:
        """What another plan adds is asked for beside the month's own price."""
        items = self.items if item.key.startswith(BY_DAYS) else ()
        return [*items, *self.credits]

    def missing(self, until: date) -> list[date]:
        """The days from the kick-off on, up to that one, that nothing asks for."""
        return [day for day in days_of(self.kick_off, until) if not self.any_asks(day)]

    def given_back(self, day: date) -> bool:
        """For a pause, and not asked for since."""
        return any(_for(one, day) for one in self.credits) and not self.any_asks(day)

    @property
    def until(self) -> date:
        """The first day that nothing asks for."""
        day = self.kick_off
        while self.any_asks(day):
            day += timedelta(days=1)
        return day


def _for(one: InvoiceItem | Credit, day: date) -> bool:
    return one.starts is not None and one.ends is not None and one.starts <= day < one.ends


def days_of(starts: date, ends: date) -> list[date]:
    return [starts + timedelta(days=number) for number in range((ends - starts).days)]


def month_span(engagement: Engagement, line: Line) -> tuple[date, date]:
    return span(engagement.kick_off_on, number_of(engagement, line))
