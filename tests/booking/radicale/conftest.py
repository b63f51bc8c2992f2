"""A real CalDAV server with an account of the consultant's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import pytest
import vobject
from flask import Flask
from flask.testing import FlaskClient

from tests import make
from tests.booking.elsewhere_calendars import (
    PAGE,
    account_of,
    calendar_named,
    catch_up,
    choose,
)
from tests.booking.meetings import NOON, booked
from tests.booking.rows import at
from tests.radicale import Radicale
from tests.standin import visible
from webapp.accounts.models import Person
from webapp.booking.models import Booking, open_slots
from webapp.catalog.models import Consultant
from webapp.db import session

SignIn = Callable[[Person], FlaskClient]
Drain = Callable[[], int]
number = itertools.count(1)


WEEKLY = """
UID:standup
DTSTAMP:20261101T000000Z
DTSTART;TZID=Europe/London:20261203T100000
DTEND;TZID=Europe/London:20261203T113000
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:A standup that is nobody's business
"""


@pytest.fixture(scope="session")
def radicale_server() -> Iterator[Radicale]:
    with Radicale.running() as server:
        yield server


@pytest.fixture
def radicale(app: Flask, radicale_server: Radicale) -> Iterator[Radicale]:
    """The server with an empty account; it may be asked although it lies on this machine."""
    radicale_server.welcome(f"dana{next(number)}")
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, private_calendar_hosts=(radicale_server.host,))
    yield radicale_server
    app.config["SETTINGS"] = before


@pytest.fixture
def work(radicale: Radicale, browser: FlaskClient, dana: Consultant, drain: Drain) -> str:
    """Dana's calendar 'Work', read and written; its path on the server."""
    path = radicale.make_calendar("Work")
    connect(browser, radicale)
    choose(browser, account_of(dana), ["Work"], "Work")
    catch_up(drain)
    return path


def connect(browser: FlaskClient, server: Radicale, **typed: str) -> tuple[int, str]:
    """Fill in the form; the answer's status and what its page says."""
    form = {"address": server.url, "username": server.user, "password": server.password}
    answer = browser.post(f"{PAGE}/caldav", data=form | typed)
    return answer.status_code, visible(answer.text)


def meeting_with(dana: Consultant, start: datetime = NOON) -> Booking:
    return booked(start=start, engagement=make.engagement(consultant=dana))


def events(server: Radicale, path: str) -> list[vobject.base.Component]:
    """As another library than the one that wrote them reads them."""
    return [vobject.readOne(file).vevent for file in server.files(path).values()]


def on_offer(dana: Consultant, day: int) -> list[datetime]:
    return open_slots([dana.id], at(day, 0), at(day, 23), 60)[dana.id]


def read_again(drain: Drain) -> None:
    """A quarter of an hour later, as far as the calendars know."""
    calendar_named("Work").tried_at = None
    session.commit()
    catch_up(drain)
    catch_up(drain)
