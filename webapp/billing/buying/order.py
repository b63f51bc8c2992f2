"""What is bought, and what it costs: from the terms of the engagement and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from dateutil.relativedelta import relativedelta
from sqlalchemy import select

from webapp import clock
from webapp.billing.objects.coupon import CouponFacts
from webapp.billing.objects.product import ProductFacts
from webapp.catalog.models import Offering
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.web import format_day


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
class Discount:
    """monthly: off each month up to full_from, when the full price begins; None: for good."""

    coupon: CouponFacts
    monthly: Money
    full_from: date | None


@dataclass(frozen=True)
class Order:
    """lines are charged at booking, less the discount of a month; renewal is None for what is paid
    once."""

    name: str
    product: ProductFacts
    lines: tuple[OrderLine, ...]
    renewal: Renewal | None
    discount: Discount | None = None

    @property
    def rows(self) -> list[tuple[str, Money]]:
        """For a page that lists them."""
        charged = [(line.label, line.amount) for line in self.lines]
        off = (
            [(f"Code {self.discount.coupon.code}", -self.discount.monthly)] if self.discount else []
        )
        return charged + off

    @property
    def second_month(self) -> Money:
        """What the first renewal costs."""
        assert self.renewal is not None
        off = self.discount
        reduced = off and off.full_from != self.renewal.on
        return self.renewal.price - off.monthly if off and reduced else self.renewal.price

    def later(self, how: str = "charged", plus_tax: bool = False) -> str:
        """What each later month costs, and from when, in a sentence; '' where nothing renews.

        how: 'charged' or 'invoiced'.
        """
        if self.renewal is None:
            return ""
        first, full = self.second_month, self.renewal.price
        text = f"From {format_day(self.renewal.on)} on, {first.format()} is {how} each month"
        until = self.discount.full_from if self.discount and first != full else None
        text += f", and from {format_day(until)} on {full.format()}" if until else ""
        return text + (", plus tax where it is due." if plus_tax else ".")

    @property
    def total(self) -> Money:
        first, *others = (amount for _, amount in self.rows)
        return sum(others, first)

    @classmethod
    def of(cls, engagement: Engagement) -> Order:
        terms = engagement.terms
        monthly = terms.is_retainer
        renewal = _renewal(engagement, terms.price) if monthly else None
        product = ProductFacts.of("retainer" if monthly else "diagnostic", engagement.offering)
        lines = tuple(_lines(engagement))
        return cls(terms.name, product, lines, renewal, discount_of(engagement))

    @property
    def products(self) -> list[ProductFacts]:
        """What Stripe has to have before it can sell this."""
        off = self.discount.coupon.products if self.discount else ()
        return list(dict.fromkeys([self.product, *(line.product for line in self.lines), *off]))


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


def discount_of(engagement: Engagement) -> Discount | None:
    """What the code used at booking takes off."""
    terms, months = engagement.terms, engagement.terms.discount_months
    if not terms.coupon_code:
        return None
    full_from = None if months is None else month_start(engagement, months + 1)
    amount = Money(terms.discount_minor, terms.currency) if terms.discount_minor else None
    count = stripe_months(engagement, months)
    listed = tuple(discounted_products(once=count == 1))
    coupon = CouponFacts(terms.coupon_code, terms.discount_percent, amount, count, listed)
    return Discount(coupon, terms.monthly_discount, full_from)


def discounted_products(once: bool) -> Iterator[ProductFacts]:
    """The months of every offering, so that a change of plan keeps the discount; never a deposit.

    once: without renewals, so that one month stays one, whatever Stripe counts as the first.
    """
    for offering in session.scalars(select(Offering).order_by(Offering.id)):
        if not offering.is_retainer:
            yield ProductFacts.of("diagnostic", offering)
            continue
        yield ProductFacts.of("first_month", offering)
        if not once:
            yield ProductFacts.of("retainer", offering)


def stripe_months(engagement: Engagement, months: int | None) -> int | None:
    """For how many months from now Stripe must discount, so that it is this many of ours.

    Stripe counts from the day of paying, we from the kick-off, which may be more than a month off.
    """
    if months is None or months == 1:
        return months
    last = midnight(month_start(engagement, months), engagement.time_zone)
    count = months
    while clock.now() + relativedelta(months=count) <= last:
        count += 1
    return count


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


def month_day(engagement: Engagement, at: datetime) -> date:
    """The local day that an instant of Stripe's stands for: a month begins and ends at a local
    midnight, an hour off where summer time has begun or ended since."""
    return engagement.local_date(at + timedelta(hours=12))


def month_number(engagement: Engagement, starts: datetime) -> int:
    """Which month of the engagement an instant begins, give or take a few days.

    Stripe counts months in UTC and by its own anchor, so that a start may lie an hour or a day off.
    """
    passed = relativedelta(month_day(engagement, starts), engagement.kick_off_on)
    return passed.years * 12 + passed.months + (passed.days > 15) + 1
