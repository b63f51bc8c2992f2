"""One client of the year: what they book, and what both sides agree on as it goes."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests import make
from tests.engagements.conftest import Booking, free_times
from tests.simulation.ways import NET_DAYS, POSTAL_CODES, Ways
from tests.simulation.world import World
from webapp import access, clock
from webapp.booking.models import Hold
from webapp.catalog.models import Consultant
from webapp.db import session, transaction
from webapp.engagements.models import Engagement
from webapp.engagements.stages import RUNNING

ZONES = (
    "America/New_York", "America/Los_Angeles", "Europe/London", "Europe/Berlin", "Asia/Tokyo",
    "Australia/Sydney", "Asia/Kolkata",
)  # fmt: skip
CURRENCIES = ("USD", "USD", "EUR", "GBP", "JPY")
# Minor units: 1,234.56 to 9,999.99, or so many yen.
PRICES = range(123_456, 999_999, 4_211)


@dataclass
class Contest:
    """The payer's bank takes a payment back for now, and decides by some day: for the payer, unless
    somebody answers. of_deposit: it is the payment that brought the deposit."""

    since: date
    until: date
    of_deposit: bool
    lost: bool = True


@dataclass
class Facts:
    """What was agreed with one client, as either side would tell it; amounts in minor units.

    prices: (first local day, monthly price), the first at booking; off: (percent, months) by a
    code; items: (kind, amount) of what was added; given_back: refunds asked for; pauses: [from,
    until); noticed: when notice was given; ends_on: the first day that is not paid for; given_up:
    somebody ended it in Stripe's dashboard.
    """

    kind: str
    currency: str
    zone: str
    deposit: int
    kick_off: date
    prices: list[tuple[date, int]]
    off: tuple[int, int] = (0, 0)
    items: list[tuple[str, int]] = field(default_factory=list)
    given_back: list[int] = field(default_factory=list)
    pauses: list[tuple[date, date]] = field(default_factory=list)
    noticed: date | None = None
    ends_on: date | None = None
    contests: list[Contest] = field(default_factory=list)
    cancelled: bool = False
    given_up: bool = False


class Client:
    """Client `number` of a year; everything about them is drawn from the year's seed and that."""

    def __init__(self, world: World, seed: int, number: int, begins: datetime) -> None:
        self.world, self.number, self.begins = world, number, begins
        self.dice = random.Random(f"{seed}:{number}")
        self.zone = self.dice.choice(ZONES)
        self.currency = self.dice.choice(CURRENCIES)
        self.price = self.dice.choice(PRICES)
        self.deposit = self.dice.choice((0, 50_000, self.price // 3))
        self.kind = "diagnostic" if self.dice.random() < 0.1 else "retainer"
        self.ways = Ways.drawn(self.dice, self.zone, self.currency, self.kind)
        self.engagement_id: uuid.UUID | None = None
        self.facts: Facts | None = None
        self.plans: dict[date, list[str]] = {}
        self.charged: set[uuid.UUID] = set()
        self.disputes: list[tuple[str, Contest]] = []

    def __repr__(self) -> str:
        return f"client {self.number} ({self.currency}, {self.zone})"

    @property
    def engagement(self) -> Engagement:
        assert self.engagement_id is not None
        return session.get_one(Engagement, self.engagement_id)

    @property
    def today(self) -> date:
        return self.engagement.local_date(clock.now())

    @property
    def given_up(self) -> bool:
        """Stripe ended a subscription, for money or from its dashboard, and not we."""
        ended = self.facts is not None and self.facts.given_up
        return ended or any(map(_for_money, self.stripes("subscription")))

    @property
    def waits_for_money(self) -> bool:
        """Stripe ended the latest subscription for money, and none goes on."""
        return any(map(_for_money, self.stripes("subscription")[:1]))

    def without_price(self, on: date) -> bool:
        """Whether there is nothing to hold their cost against: what Stripe gave up waits for a
        person's decision, until it has ended by notice; then all that was worked is asked for."""
        facts = self.facts
        if facts is None or facts.given_up:
            return True
        over = facts.ends_on is not None and facts.ends_on <= on
        return self.waits_for_money and not over

    @property
    def paid_at_first(self) -> int:
        """The first month and the deposit, less what a code takes off; the tax as Stripe has it."""
        facts = self.facts
        assert facts is not None
        off, price = facts.off[0], facts.prices[0][1]
        [first] = self.invoices()
        taxes = sum(one["amount"] for one in first["total_taxes"] or ())
        return price - (2 * price * off + 100) // 200 + facts.deposit + taxes

    @property
    def paying(self) -> bool:
        """A retainer under way."""
        return self.kind == "retainer" and self.engagement.stage in RUNNING

    # -- booking -----------------------------------------------------------------------------------

    def book(self, consultant_id: uuid.UUID) -> None:
        """From the held time to Stripe's page, or to the invoice that is asked for."""
        booking = self._hold(consultant_id)
        browser = self.world.browser()
        assert booking.type_details(browser, **self._typed()).status_code == 303
        accepted = booking.accept(browser, "Pat Payer")
        assert accepted.status_code == 303, accepted.text
        self.engagement_id = booking.engagement.id
        self.facts = self._agreed(booking.hold)
        session.rollback()
        self.booking, self.browser = booking.token, browser
        self.pay()

    def _hold(self, consultant_id: uuid.UUID) -> Booking:
        """A team's months are the year's concern elsewhere: here there is always room."""
        with transaction():
            weeks = self.dice.randint(2, 4) if self.kind == "diagnostic" else None
            offering = make.offering(
                price_minor=self.price, deposit_minor=self.deposit, currency=self.currency,
                kind=self.kind, weeks=weeks, name=f"Offering {self.number}", days_per_month=1,
                minimum_months=1, notice_days=14,
            )  # fmt: skip
            consultant = session.get_one(Consultant, consultant_id)
            at = self.dice.choice(free_times(consultant, after_days=self.dice.randint(2, 9)))
            hold = Hold.take(offering, consultant, at, self.zone)
            token = access.sign("start", str(hold.id))
        return Booking(hold, token)

    def _typed(self) -> dict[str, str]:
        return {
            "company_name": f"Company {self.number}",
            "contact_name": "Pat Payer",
            "contact_email": f"payer{self.number}@example.com",
            "time_zone": self.zone,
            "country": self.ways.country,
            "tax_number": self.ways.tax_number,
            "postal_code": POSTAL_CODES.get(self.ways.country, ""),
        }

    def _agreed(self, hold: Hold) -> Facts:
        engagement = self.engagement
        kick_off = engagement.local_date(hold.starts_at)
        return Facts(
            self.kind, self.currency, self.zone, self.deposit, kick_off,
            [(kick_off, self.price)], self.ways.off,
        )  # fmt: skip

    def pay(self) -> None:
        """With the code they have; half of those who pay close the window before they are back."""
        if self.ways.code:
            used = self.browser.post(f"/start/{self.booking}/code", data={"code": self.ways.code})
            assert used.status_code == 303, used.text
        if self.ways.by == "account":
            self._ask_for_the_invoice()
            return
        self.ways.pay(self.world, self._press("pay"))
        if self.dice.random() < 0.5:
            self.browser.get(f"/start/{self.booking}/done")

    def _ask_for_the_invoice(self) -> None:
        with transaction():
            company = self.engagement.company
            assert company is not None
            company.net_days = NET_DAYS
        self._press("pay/invoice")

    def _press(self, button: str) -> str:
        """Until it works: Stripe may not answer. Where it leads."""
        for _ in range(5):
            answer = self.browser.post(f"/start/{self.booking}/{button}")
            if answer.status_code == 303:
                return str(answer.headers["Location"])
        raise AssertionError(f"{self} could not pay: {answer.status_code}")

    # -- what Stripe has of them -------------------------------------------------------------------

    def stripes(self, kind: str, **equal: Any) -> list[dict[str, Any]]:
        """Stripe's objects of that kind with this engagement in their metadata, newest first."""
        return [
            one
            for one in self.world.stripe.of(kind, self.engagement_id)
            if all(one[key] == value for key, value in equal.items())
        ]

    def invoices(self, **equal: Any) -> list[dict[str, Any]]:
        """Those of the engagement and of its subscriptions, newest first."""
        return [
            one
            for one in self.world.stripe.objects("invoice", **equal)
            if str(self.engagement_id)
            in ((one["metadata"] or {}).get("engagement"), subscriber(one))
        ]

    def later(self, days: int, what: str) -> None:
        self.plans.setdefault(self.today + timedelta(days=days), []).append(what)


def _for_money(subscription: dict[str, Any]) -> bool:
    return (subscription["cancellation_details"] or {}).get("reason") == "payment_failed"


def subscriber(invoice: dict[str, Any]) -> str | None:
    """The engagement that the subscription of an invoice is for."""
    details = ((invoice["parent"] or {}).get("subscription_details") or {}).get("metadata") or {}
    found: str | None = details.get("engagement")
    return found
