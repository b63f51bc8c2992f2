"""A booking under way: a slot really held, and the link to go on with it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.remembering import Steps
from webapp import access, clock
from webapp.booking.models import Hold, open_slots
from webapp.catalog.models import Consultant, Offering
from webapp.db import session
from webapp.engagements.models import Engagement

TYPED = {
    "company_name": "Harbour Foods Ltd",
    "country": "GB",
    "time_zone": "America/New_York",
    "address": "1 Quay Street\nBristol BS1",
    "purchase_order": "PO-77",
    "contact_name": "Ana Reyes",
    "contact_email": "ana@harbour.example.com",
    "contact_phone": "+44 117 496 0000",
}


def free_times(consultant: Consultant, after_days: int = 14) -> list[datetime]:
    first = clock.now() + timedelta(days=after_days)
    return open_slots([consultant.id], first, first + timedelta(days=10), 60)[consultant.id]


@dataclass
class Booking:
    """A held slot with its signed link, and what its pages are called."""

    hold: Hold
    token: str

    @property
    def offering(self) -> Offering:
        return self.hold.offering

    @property
    def engagement(self) -> Engagement:
        found = Engagement.begun_with(self.hold)
        assert found is not None
        return found

    def url(self, step: str = "") -> str:
        return f"/start/{self.token}" + (f"/{step}" if step else "")

    def type_details(self, browser: FlaskClient, **values: Any) -> Any:
        return browser.post(self.url(), data=TYPED | values)

    def accept(self, browser: FlaskClient, name: str = "Ana Reyes") -> Any:
        return browser.post(self.url("agreement"), data=self.acceptance(browser, name))

    def acceptance(self, browser: FlaskClient, name: str = "Ana Reyes") -> dict[str, str]:
        page = browser.get(self.url("agreement")).text
        shown = page.split('name="text_hash"')[1].split('value="')[1].split('"')[0]
        return {"name": name, "accepted": "y", "text_hash": shown}


def started(**offering: Any) -> Booking:
    consultant = make.consultant(roles=["coo", "integrator"])
    offered = make.offering(**offering)
    hold = Hold.take(offered, consultant, free_times(consultant)[0], "America/New_York")
    session.commit()
    return Booking(hold, access.sign("start", str(hold.id)))


def signed_by(client: FlaskClient, steps: Steps, **offering: Any) -> Booking:
    """Details typed and the agreement accepted; nothing paid."""

    def sign() -> tuple[uuid.UUID, str]:
        booking = started(**offering)
        assert booking.type_details(client).status_code == 303
        assert booking.accept(client).status_code == 303
        return booking.hold.id, booking.token

    return found(steps.take(("signed", repr(sorted(offering.items()))), sign))


def found(kept: tuple[uuid.UUID, str]) -> Booking:
    hold, token = kept
    return Booking(session.get_one(Hold, hold), token)


@pytest.fixture
def booking(app: object, steps: Steps) -> Booking:
    def start() -> tuple[uuid.UUID, str]:
        booking = started()
        return booking.hold.id, booking.token

    return found(steps.take("started", start))


@pytest.fixture
def signed(booking: Booking, client: FlaskClient, steps: Steps) -> Booking:
    """Details typed and the agreement accepted; nothing paid."""

    def sign() -> None:
        assert booking.type_details(client).status_code == 303
        assert booking.accept(client).status_code == 303

    steps.take(("signed", booking.token), sign)
    return booking


@pytest.fixture
def begun(signed: Booking, steps: Steps) -> Engagement:
    """Paid: onboarding has begun."""

    def begin() -> None:
        signed.engagement.begin_onboarding()

    steps.take(("begun", signed.token), begin)
    return signed.engagement
