"""The demo data: loaded as ``make demo`` does, by the app’s verbs and the hosted payment page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import databases
from tests.standin import StandIn
from webapp import db
from webapp.access import FIRM, Role
from webapp.billing.models import (
    AccountPurchase,
    Checkout,
    ConnectedAccount,
    Coupon,
    Invoice,
    InvoiceItem,
    Refund,
    Subscription,
)
from webapp.booking.models import (
    Booking,
    CapacityMonth,
    Hold,
    WaitlistEntry,
    WeeklyWindow,
)
from webapp.booking.queries import kickoffs
from webapp.catalog.models import Consultant, Offering
from webapp.db import session
from webapp.engagements.models import Engagement

# In one process of a parallel run: two would each load the data.
pytestmark = pytest.mark.xdist_group("demo_data")
PASSWORD = "demo-pass-word-2468"
LINE = re.compile(r"(\S+) (\S+@\S+) (\S+)")
HOMES = {Role.CONSULTANT: "/roster", Role.SPONSOR: "/client"}


@dataclass
class Loaded:
    """A database into which the demo data was loaded once, and what was printed then."""

    url: str
    stripe: str
    printed: str = field(init=False)

    def __post_init__(self) -> None:
        self.printed = self.load().stdout

    def load(self, **more: str) -> subprocess.CompletedProcess[str]:
        settings = {"DATABASE_URL": self.url, "STRIPE_API_BASE": self.stripe}
        without_past = {"DEMO_PAST": "off"}  # its months are another test’s: half a minute and more
        environment = os.environ | settings | without_past | {"DEMO_PASSWORD": PASSWORD} | more
        command = [sys.executable, "-m", "sandbox.demo"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)

    def digest(self) -> dict[str, tuple[int, str]]:
        """Of every table: how many rows there are, and a hash over all of them."""
        with psycopg.connect(databases._plain(self.url)) as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            return {name: self._table(connection, name) for (name,) in tables}

    def _table(self, connection: psycopg.Connection, name: str) -> tuple[int, str]:
        rows = (
            f"SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM \"{name}\" t"
        )
        found = connection.execute(rows).fetchone()
        assert found is not None
        return found[0], found[1] or ""


@pytest.fixture(scope="module")
def loaded(application: object, standin: StandIn) -> Iterator[Loaded]:
    standin.fresh()
    with databases.clone() as url:
        yield Loaded(url, standin.base)


@pytest.fixture
def demo(application: Flask, loaded: Loaded) -> Iterator[Flask]:
    """The app on that database."""
    with connected(loaded.url), application.app_context():
        yield application


@contextmanager
def connected(url: str) -> Iterator[None]:
    engine = db.connect(url, pool_size=4)
    try:
        yield
    finally:
        session.remove()
        engine.dispose()


def people(printed: str) -> list[tuple[str, str, str]]:
    return [match.groups() for line in printed.splitlines() if (match := LINE.fullmatch(line))]  # type: ignore[misc]


def count(what: Callable[..., object] | object, *where: object) -> int:
    return session.scalar(select(func.count()).select_from(what).where(*where)) or 0  # type: ignore[arg-type]


def test_it_says_who_can_sign_in(loaded: Loaded) -> None:
    roles = ["owner", "coordinator", "finance", "consultant", "consultant", "client_sponsor"]
    assert [role for role, _, _ in people(loaded.printed)] == roles
    assert {password for _, _, password in people(loaded.printed)} == {PASSWORD}


def test_a_second_run_says_the_same_and_changes_nothing(loaded: Loaded) -> None:
    before = loaded.digest()
    again = loaded.load()
    assert (again.returncode, again.stdout) == (0, loaded.printed)
    assert loaded.digest() == before


def test_without_a_password_it_says_so(loaded: Loaded) -> None:
    refused = loaded.load(DEMO_PASSWORD="")
    assert (refused.returncode, refused.stderr) == (2, "DEMO_PASSWORD is not set.\n")


def test_everybody_gets_in_and_lands_at_home(demo: Flask, loaded: Loaded) -> None:
    for role, email, password in people(loaded.printed):
        browser = demo.test_client()
        answer = browser.post("/sign-in", data={"email": email, "password": password})
        assert answer.status_code == 302, email
        home = "/practice" if role in FIRM else HOMES[Role(role)]
        assert browser.get("/home").headers["Location"] == home
        assert browser.get(home).status_code == 200


def test_offerings_of_every_kind(demo: Flask) -> None:
    offerings = session.scalars(select(Offering)).all()
    assert {offering.role for offering in offerings} == {"coo", "integrator", "both"}
    assert {offering.kind for offering in offerings} == {"diagnostic", "retainer"}
    assert {offering.currency for offering in offerings} >= {"USD", "GBP"}
    assert len([offering for offering in offerings if not offering.sold]) == 1


def test_every_offering_on_sale_has_somebody_with_the_days(demo: Flask) -> None:
    consultants = session.scalars(select(Consultant)).all()
    for offering in session.scalars(select(Offering).where(Offering.sold)):
        able = [who for who in consultants if who.can_fill(offering)]
        assert any(who.days_per_month >= offering.days_per_month for who in able), offering.slug


def test_consultants_are_varied_and_open(demo: Flask) -> None:
    consultants = session.scalars(select(Consultant)).all()
    assert 6 <= len(consultants) <= 8
    assert len({who.time_zone for who in consultants}) >= 5
    for who in consultants:
        assert count(WeeklyWindow, WeeklyWindow.consultant_id == who.id) >= 4, who.slug


def test_bookings_were_paid_for_and_stripe_agrees(demo: Flask, standin: StandIn) -> None:
    begun = [row for row in session.scalars(select(Engagement)) if Invoice.paid_of(row)]
    assert sorted(row.stage for row in begun) == ["ending", *["onboarding"] * 3]
    for engagement in begun:
        [invoice] = Invoice.paid_of(engagement)
        [theirs] = standin.objects("invoice", id=invoice.stripe_id)
        assert (theirs["status"], theirs["amount_paid"]) == ("paid", invoice.total_minor)
        assert invoice.total_minor == engagement.terms.due_at_booking.minor
        assert engagement.kickoff is not None and engagement.kickoff.state == "booked"
        assert engagement.hold.state == "confirmed"
    retainers = [engagement for engagement in begun if engagement.terms.is_retainer]
    assert len(retainers) == 3
    assert count(Subscription, Subscription.status == "trialing") >= len(retainers)


def test_one_engagement_is_led_by_two(demo: Flask) -> None:
    """And the same two, or others, can be booked together by whoever looks at it."""
    teams = [row for row in session.scalars(select(Engagement)) if row.is_pair]
    assert [row.with_whom for row in teams] == ["Mateo Villalobos and Siobhan Kerrigan"]
    [kickoff] = teams[0].meetings
    assert {who.slug for who in kickoff.consultants} == {"mateo-villalobos", "siobhan-kerrigan"}
    assert len(kickoff.attendees) == 3
    assert kickoffs(teams[0].offering, teams[0].consultants)


def test_one_client_has_signed_and_not_paid(demo: Flask) -> None:
    unpaid = session.scalars(select(Engagement).where(Engagement.stage == "signed"))
    [waiting] = [row for row in unpaid if count(Checkout, Checkout.engagement == row) == 0]
    assert waiting.hold.state == "held"


def test_money_pages_have_something_to_show(demo: Flask, standin: StandIn) -> None:
    """A code used, an invoice by mail, a debit under way, a refund, a dispute, shares, notice."""
    [used] = session.scalars(select(Coupon))
    assert used.uses == 1
    [by_mail] = session.scalars(select(AccountPurchase))
    assert by_mail.net_days == 30 and by_mail.engagement.stage == "onboarding"
    [debit] = session.scalars(select(Engagement).where(Engagement.settles_by.is_not(None)))
    assert debit.stage == "signed"
    [refund] = session.scalars(select(Refund))
    assert 0 < refund.amount_minor < refund.invoice.paid_minor
    assert len(standin.objects("dispute")) == 1
    [account] = session.scalars(select(ConnectedAccount))
    assert standin.objects("account", id=account.stripe_id)[0]["payouts_enabled"]
    assert count(InvoiceItem, InvoiceItem.kind == "one_off") == 1
    assert count(Engagement, Engagement.stage == "ending") == 1


def test_time_and_days_are_really_taken(demo: Flask) -> None:
    assert count(Engagement) == 7
    waited_for = Hold.request_key.is_not(None)  # kept, not booked: two wait for it
    assert count(Hold, ~waited_for) == 7 and count(Hold, waited_for) == 1
    assert count(WaitlistEntry, WaitlistEntry.state == "waiting") == 2
    assert count(Booking, Booking.kind == "kickoff") == 5
    assert count(CapacityMonth, CapacityMonth.used_days > 0) >= 12
