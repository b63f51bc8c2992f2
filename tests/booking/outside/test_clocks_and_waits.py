"""A clock that goes forth and back, and servers that ask to be left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import httpx
import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.booking.outside.conftest import QUARTER
from tests.booking.outside.servers import CalendarServer, event, ics, send
from tests.booking.rows import at
from webapp import clock
from webapp.booking.models import open_slots
from webapp.booking.outside.busy import stale
from webapp.booking.outside.fetch.fetching import Answer
from webapp.booking.outside.fetch.waiting import asked_to_wait
from webapp.booking.outside.models import OutsideBusy, OutsideCalendar
from webapp.booking.outside.queries import connected
from webapp.booking.outside.subscribing import subscribe
from webapp.booking.outside.window import believed
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
Work = Callable[[], None]
After = Callable[[timedelta], None]
SetClock = Callable[[datetime], None]

DENTIST = event("dentist", "20261203T100000Z", "20261203T113000Z")
FORTY_DAYS = timedelta(days=40)


@pytest.fixture
def consultant(app: Flask) -> Consultant:
    return make.consultant(slug="vera")


@pytest.fixture
def calendar(consultant: Consultant, server: CalendarServer) -> OutsideCalendar:
    server.files["/work.ics"], server.etags["/work.ics"] = ics(DENTIST), '"one"'
    made = subscribe(consultant, "Work", server.url())
    session.commit()
    return made


def on_offer(consultant: Consultant, day: int = 3) -> list[datetime]:
    session.expire_all()
    return open_slots([consultant.id], at(day, 0), at(day + 1, 0), 60)[consultant.id]


# -- the clock -------------------------------------------------------------------------------------


def test_a_clock_put_forward_and_back_frees_nothing_that_is_taken(
    calendar: OutsideCalendar, consultant: Consultant, read_all: Work, set_clock: SetClock
) -> None:
    """Read forty days ahead, what is stored begins there: until read anew it says nothing of now,
    and a server that answers "unchanged" has not been asked for it."""
    set_clock(at(1, 8) + FORTY_DAYS)
    read_all()
    session.expire_all()
    assert session.scalar(select(OutsideBusy.id)) is None
    set_clock(at(1, 9))
    assert stale([consultant.id]) == {consultant.id}
    assert on_offer(consultant) == []
    read_all()
    session.expire_all()
    assert calendar.read_at is not None and abs(calendar.read_at - at(1, 9)) < QUARTER
    assert at(3, 10) not in on_offer(consultant)
    assert at(3, 11, 30) in on_offer(consultant)


def test_what_was_stored_for_another_time_is_not_believed_however_lately_it_was_read(
    calendar: OutsideCalendar, consultant: Consultant
) -> None:
    assert calendar.covers_until is not None
    right = calendar.covers_until
    for off, good in ((FORTY_DAYS, False), (-FORTY_DAYS, False), (timedelta(), True)):
        calendar.covers_until = right + off
        session.commit()
        assert believed(calendar) is good
        assert (stale([consultant.id]) == set()) is good
        assert (on_offer(consultant) != []) is good


def test_machines_whose_clocks_differ_by_seconds_believe_one_another(
    calendar: OutsideCalendar, consultant: Consultant, set_clock: SetClock
) -> None:
    set_clock(clock.now() - timedelta(seconds=10))
    assert stale([consultant.id]) == set()
    assert believed(calendar)


# -- servers that want to be left alone ------------------------------------------------------------


def busy_for(seconds: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda request: send(request, 429, Retry_After=seconds)


def test_a_server_that_asks_to_be_left_alone_is(
    calendar: OutsideCalendar,
    consultant: Consultant,
    server: CalendarServer,
    read_all: Work,
    after: After,
) -> None:
    server.files["/work.ics"] = busy_for("2400")
    after(QUARTER)
    read_all()
    session.expire_all()
    assert len(server.asked) == 2 and "429" in calendar.problem
    [shown] = connected(consultant)
    assert shown.next_read_at is not None
    assert shown.next_read_at > clock.now() + timedelta(minutes=39)
    server.files["/work.ics"] = ics(DENTIST)
    for _ in range(2):
        after(QUARTER)
        read_all()
    assert len(server.asked) == 2
    after(QUARTER)
    read_all()
    session.expire_all()
    assert len(server.asked) == 3 and calendar.problem == ""
    after(QUARTER)
    read_all()
    assert len(server.asked) == 4
    assert server.asked[-1][1]["If-None-Match"] == '"one"'


def test_a_wait_from_a_clock_that_went_back_binds_nobody(
    calendar: OutsideCalendar, server: CalendarServer, read_all: Work, set_clock: SetClock
) -> None:
    server.files["/work.ics"] = busy_for("3600")
    set_clock(at(1, 9) + FORTY_DAYS)
    read_all()
    server.files["/work.ics"] = ics(DENTIST)
    set_clock(at(1, 9))
    read_all()
    session.expire_all()
    assert calendar.problem == ""


@pytest.mark.parametrize(("written", "seconds"), [
    ("120", 120), ("0", 0), ("", 0), ("-5", 0), ("soon", 0), ("9" * 5000, 3600), ("²", 0),
    ("86400", 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
])  # fmt: skip
def test_how_long_a_server_may_ask_for(written: str, seconds: int) -> None:
    headers = httpx.Headers([(b"retry-after", written.encode())])
    assert asked_to_wait(Answer(429, headers, b"", "")) == seconds


def test_it_may_name_an_instant_by_the_machines_clock() -> None:
    until = format_datetime(clock.machine_now() + timedelta(minutes=10), usegmt=True)
    headers = httpx.Headers({"Retry-After": until})
    assert 590 <= asked_to_wait(Answer(503, headers, b"", "")) <= 600
