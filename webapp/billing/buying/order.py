"""What is bought, and what it costs: from the terms of the engagement and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from dateutil.relativedelta import relativedelta

from webapp.billing.objects.product import ProductFacts
from webapp.engagements.models import Engagement
from webapp.money import Money


@dataclass(frozen=True)
class OrderLine:
    """label: for our pages; Stripe names the line by its product."""

    label: str
    amount: Money
    product: ProductFacts


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
    product: ProductFacts
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
        monthly = terms.is_retainer
        renewal = _renewal(engagement, terms.price) if monthly else None
        product = ProductFacts.of("retainer" if monthly else "diagnostic", engagement.offering)
        return cls(terms.name, product, tuple(_lines(engagement)), renewal)

    @property
    def products(self) -> list[ProductFacts]:
        """What Stripe has to have before it can sell this."""
        return list(dict.fromkeys([self.product, *(line.product for line in self.lines)]))


def _lines(engagement: Engagement) -> Iterator[OrderLine]:
    terms, offering = engagement.terms, engagement.offering
    if terms.is_retainer:
        product = ProductFacts.of("first_month", offering)
        yield OrderLine(first_month(engagement), terms.price, product)
    else:
        yield OrderLine(terms.name, terms.price, ProductFacts.of("diagnostic", offering))
    if terms.diagnostic_fee:
        yield OrderLine("Diagnostic", terms.diagnostic_fee, ProductFacts.of("diagnostic"))
    if terms.deposit:
        yield OrderLine("Deposit", terms.deposit, ProductFacts.of("deposit"))


def first_month(engagement: Engagement) -> str:
    return f"First month, {month_days(engagement, 1)}"


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
