"""Whatever order Stripe's events come in, each of them twice: the same rows, and the same mails."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.billing.changing import bigger, firm, quoted, under_way
from tests.billing.conftest import Client, failed_jobs, rows
from tests.billing.paying_out import Sharing
from tests.billing.test_dunning import failing, new_card
from tests.billing.test_webhook import signature
from tests.databases import Kept
from tests.remembering import AtStripe, Mails, OurClock, OurRows, Part
from webapp.billing.changing import quoting
from webapp.billing.models import (
    Alert,
    BalanceEntry,
    Credit,
    CreditNote,
    Dispute,
    Invoice,
    Payment,
    Refund,
    Subscription,
    Transfer,
    TransferReversal,
)
from webapp.billing.returning.giving import CARD, Giving, give
from webapp.billing.stripe_events import TYPES
from webapp.db import session
from webapp.engagements.models import Engagement, RetainerPeriod, TermsChange
from webapp.money import Money

Event = dict[str, Any]
# So many events have 24 orders, which are all tried; of more, so many shuffles of all copies.
MOST, SHUFFLES = 4, 30
# What is the same however it came about: no times of our own, and no ids.
FACTS: dict[Any, tuple[str, ...]] = {
    Alert: ("kind", "text"),
    BalanceEntry: ("kind", "credit_minor"),
    Credit: ("kind", "amount_minor", "short_minor", "state"),
    CreditNote: ("state", "means", "amount_minor"),
    Dispute: ("status", "amount_minor", "fee_minor"),
    Engagement: ("stage", "ends_on"),
    Invoice: ("status", "total_minor", "paid_minor", "due_minor", "attempts", "out_of_band"),
    Payment: ("amount_minor", "refunded_minor", "fee_minor", "disputed"),
    Refund: ("state", "amount_minor", "reason"),
    RetainerPeriod: ("number", "part", "starts", "ends"),
    Subscription: ("status", "price_minor", "renews_at", "cancels_at"),
    TermsChange: ("kind", "amount_minor"),
    Transfer: ("state", "reason", "earned_minor", "amount_minor", "set_off_minor"),
    TransferReversal: ("state", "minor", "settled_minor"),
}


@dataclass
class World:
    """A client's books, Stripe and the mails, as they were at an instant that can come again."""

    payer: Client
    parts: list[Part]
    known: set[str] = field(default_factory=set)
    late: list[Event] = field(default_factory=list)
    kept: Sequence[Any] = ()

    def keep(self) -> None:
        """This is where each order of events begins."""
        session.commit()
        self.kept = [part.take() for part in self.parts]

    def put_back(self) -> None:
        session.commit()
        for part, taken in zip(self.parts, self.kept, strict=True):
            part.put(taken)
        session.expire_all()

    def listen(self) -> None:
        """From here on Stripe's events count."""
        self.payer.hear()
        self.known = {event["id"] for event in self.payer.stripe.objects("event")}

    def events(self) -> list[Event]:
        """Those that we would act on, the oldest first."""
        every = reversed(self.payer.stripe.objects("event"))
        news = (event for event in every if event["id"] not in self.known)
        return [event for event in [*self.late, *news] if event["type"] in TYPES]

    def told(self, events: Sequence[Event], pauses: Sequence[bool] = ()) -> list[Any]:
        """How it ends when these come one after another; pauses: whether there is time for the jobs
        before the next one comes."""
        self.put_back()
        for event, pause in itertools.zip_longest(events, pauses, fillvalue=True):
            body = json.dumps(event).encode()
            assert self.payer.stripe.receive(body, signature(body)) == 200
            if pause:
                self.payer.drain()
        self.payer.drain()
        assert failed_jobs() == []
        return self.facts()

    def facts(self) -> list[Any]:
        found = [(noun.__name__, values_of(noun, names)) for noun, names in FACTS.items()]
        mails = [(str(mail["To"]), str(mail["Subject"])) for mail in self.payer.mailbox.messages]
        return [*found, sorted(mails)]


def values_of(noun: Any, names: tuple[str, ...]) -> list[str]:
    return sorted(repr([getattr(row, name) for name in names]) for row in rows(noun))


def orders(events: list[Event]) -> Iterator[list[Event]]:
    """Each event twice in every one of them."""
    if len(events) <= MOST:
        for order in itertools.permutations(events):
            yield [*order, *order]
    for seed in range(SHUFFLES if len(events) > MOST else 0):
        yield random.Random(seed).sample([*events, *events], 2 * len(events))


@pytest.fixture
def world(payer: Client, kept_database: Kept, clock_file: Path) -> World:
    parts: list[Part] = [OurRows(kept_database), OurClock(clock_file)]
    return World(payer, [*parts, Mails(payer.mailbox), AtStripe(payer.stripe)])


def ends_alike(world: World) -> list[Any]:
    """How it ends when all comes once and as it happened, which no other order may change."""
    world.keep()
    events = world.events()
    assert len(events) > 1
    expected = world.told(events)
    chance = random.Random(len(events))
    for order in orders(events):
        pauses = [chance.random() < 1 / 3 for _ in order]
        assert world.told(order, pauses) == expected, [event["type"] for event in order]
    return expected


def test_upgrade(world: World) -> None:
    payer = world.payer
    engagement = under_way(payer, days=10)
    by, offered = firm(), bigger(engagement)
    quote = quoted(engagement, offered, engagement.today, by)
    world.listen()
    quoting.confirm(session.merge(quote), by, "More work")
    session.commit()
    payer.drain()
    assert "'upgrade'" in str(ends_alike(world))


def test_refund(world: World) -> None:
    sharing = Sharing(world.payer)
    sharing.begin(percent=40)
    world.listen()
    give(sharing.invoice.id, Giving(Money(300000, "USD"), CARD, "", "Too much", "fay@firm"))
    session.commit()
    world.payer.drain()
    assert "['made', 120000, 0]" in str(ends_alike(world))


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_dispute(world: World, outcome: str) -> None:
    sharing, stripe = Sharing(world.payer), world.payer.stripe
    sharing.begin(percent=40)
    world.listen()
    [payment] = rows(Payment)
    opened = stripe.control("disputes", charge=payment.stripe_id)
    stripe.control(f"disputes/{opened['id']}", outcome=outcome)
    assert ("made" in str(ends_alike(world))) is (outcome == "lost")


def test_renewal_that_fails_and_is_paid(world: World) -> None:
    """What told of the failure comes late, and once more, after it was paid."""
    owed = failing(world.payer)
    world.listen()
    every = world.payer.stripe.objects("event", type="invoice.payment_failed")
    world.late = [event | {"id": f"{event['id']}_again"} for event in every]
    new_card(world.payer)
    world.payer.stripe.api("POST", f"invoices/{owed.stripe_id}/pay")
    assert "'paid'" in str(ends_alike(world))
