"""A client about to pay: the agreement accepted, a kick-off really held, Stripe's stand-in up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.engagements.conftest import Booking, started
from tests.mail import Mailbox
from tests.standin import StandIn, path_of
from webapp import outbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.models import Checkout, Invoice, Refund, Subscription
from webapp.db import session
from webapp.engagements.models import Engagement


@dataclass
class Client:
    """One client's browser, their booking, and both ends of what follows from it."""

    app: Flask
    browser: FlaskClient
    booking: Booking
    stripe: StandIn
    mailbox: Mailbox
    drain: Callable[[], int]

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
        self.pay()
        self.hear()
        engagement = self.engagement
        assert engagement.stage == "onboarding", failed_jobs()
        return engagement

    def mails(self, kind: str) -> list[str]:
        """The texts of the mails of a kind that really arrived, addressee first."""
        found = [mail for mail in self.mailbox.messages if kind in str(mail["Subject"])]
        return [f"{mail['To']}\n{mail.get_body(('plain',)).get_content()}" for mail in found]


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
def coordinator(app: object) -> Person:
    person = make.person(Role.COORDINATOR, name="Cora Coordinator", email="cora@firm.example.com")
    session.commit()
    return person


@pytest.fixture
def begin(
    app: Flask, client: FlaskClient, stripe: StandIn, mailbox: Mailbox, drain: Callable[[], int]
) -> Callable[..., Client]:
    """Make a client who has signed; values are the offering's."""

    def make_one(**offering: Any) -> Client:
        booking = started(**offering)
        assert booking.type_details(client).status_code == 303
        assert booking.accept(client).status_code == 303
        return Client(app, client, booking, stripe, mailbox, drain)

    return make_one


@pytest.fixture
def payer(begin: Callable[..., Client]) -> Client:
    """The usual client: a retainer of 5,000 with a deposit of 1,000, in US dollars."""
    return begin()


@pytest.fixture
def diagnostic(begin: Callable[..., Client]) -> Client:
    return begin(kind="diagnostic", weeks=3, price_minor=750000, deposit_minor=0, name="Diagnostic")
