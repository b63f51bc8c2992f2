"""Readings that overtake each other, and calendars that go away meanwhile."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler

import pytest
from flask import Flask
from sqlalchemy import select

from tests.booking.outside.conftest import QUARTER
from tests.booking.outside.reading.conftest import (
    DENTIST,
    After,
    Work,
    on_offer,
    taken,
)
from tests.booking.outside.servers import CalendarServer, event, ics, send
from tests.booking.rows import at
from tests.elsewhere import elsewhere
from webapp.booking.outside import reading, subscribing
from webapp.booking.outside.models import OutsideCalendar
from webapp.booking.outside.subscribing import subscribe
from webapp.catalog.models import Consultant
from webapp.db import session, transaction
from webapp.outbox import Job

pytestmark = pytest.mark.usefixtures("today")

# -- at the same time ------------------------------------------------------------------------------


def test_a_late_answer_does_not_undo_a_newer_one(
    app: Flask, calendar: OutsideCalendar, server: CalendarServer, read_all: Work, after: After
) -> None:
    """Somebody presses "Read now" while a slow worker still waits for its answer."""
    calendar_id, asked = calendar.id, iter([True])
    newer = ics(event("new", "20261204T100000Z", "20261204T110000Z"))

    def newest() -> None:
        with app.app_context(), transaction():
            reading.read(calendar_id)

    def answer(request: BaseHTTPRequestHandler) -> None:
        if next(asked, False):
            elsewhere(newest)
            send(request, 200, ics(event("old", "20261205T100000Z", "20261205T110000Z")))
        else:
            send(request, 200, newer)

    server.files["/work.ics"] = answer
    after(QUARTER)
    read_all()
    assert taken(calendar) == [(at(4, 10), at(4, 11))]


def test_a_first_reading_that_takes_long_is_left_to_a_job(
    server: CalendarServer, consultant: Consultant, read_all: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever serves pages has no time for it; until it is read nothing is on offer."""
    monkeypatch.setattr(subscribing, "HASTE_SECONDS", 0.5)

    def slowly(request: BaseHTTPRequestHandler) -> None:
        time.sleep(1.5)
        send(request, 200, ics(DENTIST))

    server.files["/work.ics"] = slowly
    began = time.monotonic()
    calendar = subscribe(consultant, "Work", server.url())
    session.commit()
    assert time.monotonic() - began < 1.4
    assert calendar.read_at is None and on_offer(consultant) == []
    read_all()
    session.expire_all()
    assert taken(calendar) == [(at(3, 10), at(3, 11, 30))]
    assert at(3, 14) in on_offer(consultant)


# -- disconnected meanwhile ------------------------------------------------------------------------


def test_a_calendar_removed_while_it_is_read_stays_removed(
    calendar: OutsideCalendar, server: CalendarServer, read_all: Work, after: After
) -> None:
    calendar_id = calendar.id

    def remove() -> None:
        with transaction():
            session.delete(session.get_one(OutsideCalendar, calendar_id))

    def answer(request: BaseHTTPRequestHandler) -> None:
        elsewhere(remove)
        send(request, 200, ics())

    server.files["/work.ics"] = answer
    after(QUARTER)
    read_all()
    assert session.scalar(select(OutsideCalendar.id)) is None
    assert [job.state for job in session.scalars(select(Job))] == ["done"]
