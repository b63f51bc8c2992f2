"""A client about to pay: the agreement accepted, a kick-off really held, Stripe's stand-in up."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.elsewhere import elsewhere
from tests.engagements.conftest import Booking, signed_by
from tests.mail import Mailbox
from tests.remembering import Steps
from tests.standin import StandIn, path_of
from webapp import clock, outbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.models import Checkout, Invoice, Refund, Subscription
from webapp.db import session, transaction
from webapp.engagements.models import Engagement
from workers import plan


@dataclass
class Client:
    """One client's browser, their booking, and both ends of what follows from it."""

    app: Flask
    browser: FlaskClient
    booking: Booking
    stripe: StandIn
    mailbox: Mailbox
    drain: Callable[[], int]
    set_clock: Callable[[datetime], None]
    steps: Steps
    left_out: frozenset[str] = frozenset({"billing.plan_comparison"})

    @property
    def engagement(self) -> Engagement:
        session.rollback()
        return self.booking.engagement

    def url(self, step: str) -> str:
        return self.booking.url(step)

    def to_checkout(self) -> str:
        """Press "Pay"; the address of Stripe's page."""
        answer = self.browser.post(self.url("pay"))
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    def pay(self, **typed: Any) -> None:
        """All the way through Checkout with a good card; nobody has told the app yet."""
        answer = self.stripe.pay(self.to_checkout(), **typed)
        assert answer.status_code == 303
        assert path_of(answer.headers["Location"]) == self.url("done")

    def come_back(self) -> str:
        """The browser arrives on the success page; its text."""
        answer = self.browser.get(self.url("done"))
        assert answer.status_code == 200
        return answer.text

    def hear(self) -> None:
        """All webhooks arrive, and all jobs are done."""
        self.stripe.deliver()
        self.drain()
        session.rollback()

    def start(self) -> Engagement:
        """Paid, told, and begun."""
        self.steps.take(("paid", self.booking.token), self._pay_and_hear)
        engagement = self.engagement
        assert engagement.stage == "onboarding", failed_jobs()
        return engagement

    def _pay_and_hear(self) -> None:
        self.pay()
        self.hear()

    def until(self, instant: datetime, by: timedelta = timedelta(days=1)) -> None:
        """Let time pass, here and at Stripe, in steps: planners, webhooks and jobs at each."""
        at = clock.now()
        while at < instant:
            at = min(at + by, instant)
            self.set_clock(at)
            self.stripe.advance(at)
            self.stripe.deliver()
            elsewhere(self.plan)
            self.drain()
        session.rollback()

    def plan(self) -> None:
        """Run billing's own planners once; the nightly comparison, which asks Stripe for all it has
        and so would be most of the work, where a test is about it."""
        with self.app.app_context():
            for name, planner in plan.PLANNERS.items():
                if name.startswith("billing.") and name not in self.left_out:
                    with transaction():
                        planner()

    def renewal(self) -> datetime:
        """When the running month ends."""
        session.rollback()
        renews = subscription().renews_at
        assert renews is not None
        return renews

    def card(self) -> str:
        """The payment method that renewals are charged to."""
        [theirs] = self.stripe.of("subscription", self.engagement.id)
        return str(theirs["default_payment_method"])

    def mails(self, kind: str) -> list[str]:
        """The texts of the mails of a kind that really arrived, addressee first."""
        found = [mail for mail in self.mailbox.messages if kind in str(mail["Subject"])]
        return [f"{mail['To']}\n{plain(mail)}" for mail in found]


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def rows(noun: Any) -> list[Any]:
    session.rollback()
    return list(session.scalars(select(noun)))


def checkouts() -> list[Checkout]:
    return sorted(rows(Checkout), key=lambda row: row.attempt)


def invoices() -> list[Invoice]:
    return sorted(rows(Invoice), key=lambda row: row.issued_at)


def refunds() -> list[Refund]:
    return rows(Refund)


def subscription() -> Subscription:
    [only] = rows(Subscription)
    return only


def failed_jobs() -> list[str]:
    """What billing could not do, and why."""
    ours = (job for job in rows(outbox.Job) if job.task.startswith("billing."))
    return [f"{job.task}: {job.last_error}" for job in ours if job.last_error]


@pytest.fixture
def coordinator(steps: Steps) -> Person:
    """Whether made before the client or after."""

    def hire() -> uuid.UUID:
        values = {"name": "Cora Coordinator", "email": "cora@firm.example.com"}
        return make.person(Role.COORDINATOR, **values).id

    return session.get_one(Person, steps.take("coordinator", hire))


@pytest.fixture
def begin(
    app: Flask,
    client: FlaskClient,
    stripe: StandIn,
    mailbox: Mailbox,
    drain: Callable[[], int],
    set_clock: Callable[[datetime], None],
    steps: Steps,
) -> Callable[..., Client]:
    """Make a client who has signed; values are the offering's."""

    def make_one(**offering: Any) -> Client:
        booking = signed_by(client, steps, **offering)
        return Client(app, client, booking, stripe, mailbox, drain, set_clock, steps)

    return make_one


@pytest.fixture
def payer(begin: Callable[..., Client]) -> Client:
    """The usual client: a retainer of 5,000 with a deposit of 1,000, in US dollars."""
    return begin()


@pytest.fixture
def diagnostic(begin: Callable[..., Client]) -> Client:
    return begin(kind="diagnostic", weeks=3, price_minor=750000, deposit_minor=0, name="Diagnostic")
