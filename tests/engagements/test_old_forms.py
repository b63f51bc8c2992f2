"""The form with which a time was taken, sent again when its booking has gone on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests import make
from tests.booking.rows import claims, meetings_are_claimed
from tests.booking.sending import send
from tests.booking.test_hours_races import WAITING, in_thread
from tests.engagements.conftest import Booking, free_times
from webapp import access
from webapp.booking.models import Booking as Meeting
from webapp.booking.models import Hold
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.stages import IllegalStage
from webapp.web import format_when

PAGE = "/book/old-form/ada"
ZONE = "Europe/London"


@pytest.fixture
def times(app: Flask) -> list[datetime]:
    """Starts at which the consultant is free, one a day."""
    consultant = make.consultant(slug="ada", days_per_month=30)
    make.offering(slug="old-form")
    make.offering(slug="another", days_per_month=0)
    firsts = {start.date(): start for start in reversed(free_times(consultant))}
    session.commit()
    return sorted(firsts.values())


@pytest.fixture
def booking(times: list[datetime], client: FlaskClient) -> Booking:
    """Taken with the form that is sent again later."""
    assert send(client, PAGE, times[0]).status_code == 303
    held = session.scalars(select(Hold)).one()
    return Booking(held, access.sign("start", str(held.id)))


def stands_at(booking: Booking, start: datetime) -> bool:
    """Whether hold, claim and engagement agree on that kick-off."""
    session.rollback()
    engagement = booking.engagement
    assert claims(engagement.lead) == [("hold", start)]
    return engagement.hold.starts_at == start and engagement.kick_off_on == start.date()


def leads_to(answer: TestResponse, booking: Booking) -> str:
    """Which page of that booking follows: '' for the details; the link is signed anew each time."""
    assert answer.status_code == 303
    _, start, token, *page = answer.location.split("/")
    assert start == "start" and access.unsign("start", token) == str(booking.hold.id)
    return "".join(page)


def test_before_anything_is_typed_it_moves_the_hold(
    app: Flask, booking: Booking, times: list[datetime]
) -> None:
    assert leads_to(send(app.test_client(), PAGE, times[1]), booking) == ""
    session.rollback()
    assert session.scalars(select(Hold.starts_at)).all() == [times[1]]


def test_once_details_are_typed_it_leads_to_where_the_time_is_changed(
    app: Flask, client: FlaskClient, booking: Booking, times: list[datetime]
) -> None:
    booking.type_details(client, time_zone=ZONE)
    browser = app.test_client()
    answer = send(browser, PAGE, times[1])
    assert leads_to(answer, booking) == "slot" and stands_at(booking, times[0])
    shown = browser.get(answer.location).text
    assert "begun this booking already" in shown
    assert format_when(times[0], ZONE) in shown
    assert leads_to(send(app.test_client(), PAGE, times[0]), booking) == ""


def test_what_was_signed_stands(
    app: Flask, client: FlaskClient, booking: Booking, times: list[datetime]
) -> None:
    booking.type_details(client, time_zone=ZONE)
    booking.accept(client)
    assert leads_to(send(app.test_client(), PAGE, times[1]), booking) == "slot"
    assert stands_at(booking, times[0])


def test_from_a_second_tab_after_another_booking_it_moves_nothing_signed(
    client: FlaskClient, booking: Booking, times: list[datetime]
) -> None:
    """The first is signed, another begun with the same consultant; then the first tab again."""
    booking.type_details(client, time_zone=ZONE)
    booking.accept(client)
    assert send(client, "/book/another/ada", times[2], "f" * 32).status_code == 303
    assert leads_to(send(client, PAGE, times[3]), booking) == "slot"
    session.rollback()
    engagement = booking.engagement
    assert (engagement.stage, engagement.hold.starts_at) == ("signed", times[0])
    assert engagement.kick_off_on == times[0].date()


def test_what_was_lost_is_told_so_and_takes_no_time(
    app: Flask, client: FlaskClient, booking: Booking, times: list[datetime]
) -> None:
    booking.type_details(client, time_zone=ZONE)
    booking.accept(client)
    booking.engagement.lose("never paid")
    session.commit()
    browser = app.test_client()
    answer = send(browser, PAGE, times[1])
    assert leads_to(answer, booking) == "slot"
    assert browser.get(answer.location).status_code == 410
    session.rollback()
    assert booking.engagement.hold.state == "released"


# -- at the same moment ----------------------------------------------------------------------------


def second_after_first(first: Callable[[], None], second: Callable[[], None]) -> None:
    """Run the second when the first has done its work and not yet committed it."""
    done, go_on = Event(), Event()

    def slowly() -> None:
        first()
        session.flush()
        done.set()
        go_on.wait(10)

    with ThreadPoolExecutor(2) as pool:
        one = in_thread(pool, slowly)
        assert done.wait(10)
        two = in_thread(pool, second)
        with pytest.raises(TimeoutError):
            two.result(WAITING)
        go_on.set()
        one.result()
        two.result()


def test_sent_while_the_details_begin_the_engagement_has_the_time_of_its_hold(
    booking: Booking, times: list[datetime]
) -> None:
    hold_id = booking.hold.id
    session.rollback()

    def again() -> None:
        held = session.get_one(Hold, hold_id)
        held.offering, held.team  # noqa: B018
        key = str(held.request_key).rpartition(":")[2]
        Hold.take(held.offering, held.team, times[1], ZONE, key)

    def begin() -> None:
        held = session.get_one(Hold, hold_id)
        assert held.starts_at == times[0]
        Engagement.of_hold(held)

    second_after_first(again, begin)
    assert stands_at(booking, times[1])


def test_sent_right_after_the_details_began_it_waits_and_moves_nothing(
    booking: Booking, times: list[datetime]
) -> None:
    hold_id = booking.hold.id
    session.rollback()

    def begin() -> None:
        Engagement.of_hold(session.get_one(Hold, hold_id))

    def again() -> None:
        held = session.get_one(Hold, hold_id)
        key = str(held.request_key).rpartition(":")[2]
        assert Hold.take(held.offering, held.team, times[1], ZONE, key).starts_at == times[0]

    second_after_first(begin, again)
    assert stands_at(booking, times[0])


def test_paid_while_the_time_is_changed_the_new_time_is_booked(
    client: FlaskClient, booking: Booking, times: list[datetime]
) -> None:
    """The change locks its engagement by itself, whoever makes it."""
    booking.type_details(client, time_zone=ZONE)
    booking.accept(client)
    found = booking.engagement.id
    session.rollback()

    def change() -> None:
        session.get_one(Engagement, found).change_slot(times[1])

    def pay() -> None:
        engagement = session.get_one(Engagement, found)
        assert engagement.hold.starts_at == times[0]
        engagement.begin_onboarding()

    second_after_first(change, pay)
    session.rollback()
    assert session.scalars(select(Meeting.starts_at)).all() == [times[1]]
    engagement = booking.engagement
    assert engagement.kick_off_on == engagement.periods[0].starts == times[1].date()
    meetings_are_claimed()


def test_once_paid_the_time_is_no_longer_changed_here(
    client: FlaskClient, booking: Booking, times: list[datetime]
) -> None:
    booking.type_details(client, time_zone=ZONE)
    booking.accept(client)
    booking.engagement.begin_onboarding()
    session.commit()
    with pytest.raises(IllegalStage):
        booking.engagement.change_slot(times[1])
    answer = client.post(booking.url("slot"), data={"slot": times[1].isoformat()})
    assert answer.location == booking.url("done")
    session.rollback()
    assert session.scalars(select(Meeting.starts_at)).all() == [times[0]]
    assert booking.engagement.kick_off_on == times[0].date()
