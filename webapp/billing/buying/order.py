"""What is bought, and what it costs: from the terms of the engagement and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from dateutil.relativedelta import relativedelta

from webapp.engagements.models import Engagement
from webapp.money import Money


@dataclass(frozen=True)
class OrderLine:
    label: str
    amount: Money


@dataclass(frozen=True)
class Renewal:
    """Every later month: its price, and the local date and instant at which the first begins."""

    price: Money
    on: date
    at: datetime


@dataclass(frozen=True)
class Order:
    """lines are charged at booking; renewal is None for what is paid once."""

    name: str
    lines: tuple[OrderLine, ...]
    renewal: Renewal | None

    @property
    def rows(self) -> list[tuple[str, Money]]:
        """For a page that lists them."""
        return [(line.label, line.amount) for line in self.lines]

    @property
    def total(self) -> Money:
        first, *others = (line.amount for line in self.lines)
        return sum(others, first)

    @classmethod
    def of(cls, engagement: Engagement) -> Order:
        terms = engagement.terms
        first = f"First month, {month_days(engagement, 1)}"
        label = first if terms.is_retainer else terms.name
        lines = [OrderLine(label, terms.price)]
        if terms.deposit:
            lines.append(OrderLine("Deposit", terms.deposit))
        renewal = _renewal(engagement, terms.price) if terms.is_retainer else None
        return cls(terms.name, tuple(lines), renewal)


def _renewal(engagement: Engagement, price: Money) -> Renewal:
    on = month_start(engagement, 2)
    return Renewal(price, on, midnight(on, engagement.time_zone))


def month_days(engagement: Engagement, number: int) -> str:
    """The days of the engagement's nth month, the first and the last of them named."""
    last = month_start(engagement, number + 1) - timedelta(days=1)
    return f"{_short(month_start(engagement, number))} – {_short(last)}"


def _short(day: date) -> str:
    return format_date(day, "d MMM", locale="en")


def midnight(day: date, zone: str) -> datetime:
    """The instant at which a local date begins."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def month_start(engagement: Engagement, number: int) -> date:
    """The local date on which the engagement's nth month begins, counted from the kick-off."""
    return engagement.kick_off_on + relativedelta(months=number - 1)


def month_number(engagement: Engagement, starts: datetime) -> int:
    """Which month of the engagement an instant begins, give or take a few days.

    Stripe counts months in UTC and by its own anchor, so that a start may lie an hour or a day off.
    """
    begun = engagement.local_date(starts + timedelta(hours=12))
    passed = relativedelta(begun, engagement.kick_off_on)
    return passed.years * 12 + passed.months + (passed.days > 15) + 1
