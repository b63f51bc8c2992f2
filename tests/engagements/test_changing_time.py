"""Another time from any page of the booking, and what is said of one past or only offered."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.engagements.conftest import Booking
from webapp import access, clock
from webapp.booking.models import WaitlistEntry
from webapp.db import session
from webapp.engagements.models import Engagement

SetClock = Callable[[datetime], None]


def offered(booking: Booking) -> WaitlistEntry:
    hold = booking.hold
    entry: WaitlistEntry = make.saved(
        WaitlistEntry(
            offering_id=hold.offering_id, consultant_ids=[hold.consultant_id], name="Ben Waits",
            email="ben@example.com", time_zone="America/New_York", state="offered",
            joined_at=clock.now(), offers=1, hold_id=hold.id, offered_until=hold.expires_at,
        )
    )  # fmt: skip
    session.commit()
    return entry


def test_the_time_can_be_changed_before_anything_is_typed(
    booking: Booking, client: FlaskClient
) -> None:
    assert f'class="change" href="{booking.url("slot")}"' in client.get(booking.url()).text
    answer = client.get(booking.url("slot"))
    assert answer.status_code == 200 and "Choose another time" in answer.text
    assert session.scalar(select(func.count()).select_from(Engagement)) == 0


def test_agreement_and_payment_lead_to_another_time(signed: Booking, client: FlaskClient) -> None:
    link = f'class="change" href="{signed.url("slot")}"'
    assert link in client.get(signed.url("agreement")).text
    assert link in client.get(signed.url("pay")).text


def test_an_offer_says_what_it_is_and_knows_who_waited(
    booking: Booking, client: FlaskClient
) -> None:
    entry = offered(booking)
    page = client.get(booking.url()).text
    assert 'value="Ben Waits"' in page and 'value="ben@example.com"' in page
    assert "offered to you" in page and "kept for you until" in page
    [token] = re.findall(r'href="/waitlist/([^"]+)"', page)
    assert access.unsign("waitlist", token) == str(entry.id)
    assert client.get(f"/waitlist/{token}").status_code == 200


def test_an_offer_that_lapsed_says_so_at_once_and_keeps_what_was_typed(
    booking: Booking, client: FlaskClient, set_clock: SetClock
) -> None:
    booking.type_details(client)
    offered(booking)
    set_clock(booking.hold.expires_at + timedelta(minutes=1))
    for page in ("", "agreement"):
        answer = client.get(booking.url(page))
        assert answer.status_code == 410 and "This offer has ended" in answer.text
        assert f'href="{booking.url("slot")}"' in answer.text
    assert booking.engagement.details.company_name == "Harbour Foods Ltd"


@pytest.mark.parametrize("full", [False, True])
def test_a_kickoff_that_is_past_leads_to_open_times_or_to_the_line(
    booking: Booking, client: FlaskClient, set_clock: SetClock, full: bool
) -> None:
    if full:
        booking.hold.consultant.days_per_month = 0
        session.commit()
    set_clock(booking.hold.starts_at + timedelta(days=1))
    answer = client.get(booking.url())
    assert answer.status_code == 410 and "This kick-off is over" in answer.text
    assert ("/waitlist" in answer.text) is full
    assert (booking.url("slot") in answer.text) is not full
