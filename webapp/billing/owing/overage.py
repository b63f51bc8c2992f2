"""Hours beyond the allowance: what a period costs beside its retainer."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from webapp.billing.buying.order import month_days
from webapp.billing.models import Credit, InvoiceItem
from webapp.db import session
from webapp.engagements.models import Engagement, RetainerPeriod
from webapp.money import Money


def add_overage(period: RetainerPeriod, minutes: int, rate: Money) -> InvoiceItem | Credit | None:
    """Owe for the approved minutes beyond a period's allowance, at an hourly rate; once.

    minutes is all of the period's overage, not what is new: said again it adds nothing (None), a
    greater number adds one line for the difference, and a smaller one is given back (a Credit).
    What was taken back, or whose invoice was voided, counts as settled. The line goes on the next
    invoice, or on one of its own where no renewal comes. ValueError for minutes below zero.
    """
    if minutes < 0:
        raise ValueError("overage is never below zero")
    engagement = session.get_one(Engagement, period.engagement_id).lock()
    before, back = _billed(period), _given_back(period)
    more = minutes - sum(item.minutes or 0 for item in before)
    more += sum(credit.minutes or 0 for credit in back)
    nothing = Money(0, rate.currency)
    billed = sum((item.amount for item in before), nothing)
    owed = _cost(minutes, rate) - billed + sum((credit.amount for credit in back), nothing)
    if more == 0 or not owed:
        return None
    key, label = _key(period, len(before) + len(back)), _label(engagement, period, more, rate)
    if owed < nothing:
        return Credit.intend(engagement, "overage", key, label, -owed,
                             (period.starts, period.ends), minutes=-more)  # fmt: skip
    return InvoiceItem.add(
        engagement, "overage", key, label, owed, minutes=more, unit=rate,
        quantity=Decimal(more) / 60 if more % 3 == 0 else None,
        starts=period.starts, ends=period.ends,
    )  # fmt: skip


def _billed(period: RetainerPeriod) -> list[InvoiceItem]:
    """Each line that minutes added; what stands in for one of them says none."""
    rows = select(InvoiceItem).where(
        InvoiceItem.key.startswith(f"overage:{period.id}"), InvoiceItem.minutes.is_not(None)
    )
    return list(session.scalars(rows.order_by(InvoiceItem.id)))


def _given_back(period: RetainerPeriod) -> list[Credit]:
    rows = select(Credit).where(Credit.key.startswith(f"overage:{period.id}"))
    return list(session.scalars(rows.order_by(Credit.id)))


def _key(period: RetainerPeriod, corrections: int) -> str:
    return f"overage:{period.id}" + (f":{corrections}" if corrections else "")


def _cost(minutes: int, rate: Money) -> Money:
    """Rounded to what can be charged."""
    hours = -(-minutes // 60)
    return (rate * hours).prorate(minutes, hours * 60) if hours else Money(0, rate.currency)


def _label(engagement: Engagement, period: RetainerPeriod, minutes: int, rate: Money) -> str:
    days, each = month_days(engagement, period.number), rate.format()
    what = "Hours beyond the included time" if minutes > 0 else "Fewer hours than billed"
    return f"{what}, {days}: {hours_of(abs(minutes))} × {each}"


def hours_of(minutes: int) -> str:
    """'3.5 h'; '3 h 20 min' where hours do not come out in two decimals."""
    if minutes % 3 == 0:
        return f"{(Decimal(minutes) / 60).normalize():f} h"
    return f"{minutes // 60} h {minutes % 60} min"
