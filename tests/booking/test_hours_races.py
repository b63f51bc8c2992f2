"""Hours that change at the very moment at which somebody books."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from threading import Barrier, Event

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.booking.rows import at, claims
from webapp.accounts.models import Person
from webapp.booking.models import DateOverride, Hold, NotOffered
from webapp.booking.models.hours_lock import while_hours_change
from webapp.catalog.models import Consultant, Offering
from webapp.db import session, transaction

pytestmark = pytest.mark.usefixtures("today")
ROUNDS = 12
# A statement that waits for a lock has not come back after this long.
WAITING = 0.5


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant(days_per_month=31)


@pytest.fixture
def offered(app: object) -> uuid.UUID:
    found: Offering = make.offering(days_per_month=0)
    return found.id


def take(consultant_id: uuid.UUID, offering_id: uuid.UUID, start: datetime) -> None:
    consultant = session.get_one(Consultant, consultant_id)
    Hold.take(session.get_one(Offering, offering_id), consultant, start, "Europe/London")


def closing(day: int) -> dict[str, str]:
    return {"on": f"2026-12-{day:02}", "kind": "off"}


def in_thread(pool: ThreadPoolExecutor, work: Callable[[], None]) -> Future[None]:
    def run() -> None:
        try:
            with transaction():
                work()
        finally:
            session.remove()

    return pool.submit(run)


def test_a_day_that_closes_while_it_is_booked_is_booked_or_closed_but_never_both_unsaid(
    consultant: Consultant, offered: uuid.UUID, sign_in: Callable[[Person], FlaskClient]
) -> None:
    browser, consultant_id = sign_in(consultant.person), consultant.id
    days = [day for day in range(3, 32) if at(day, 10).weekday() < 5 and day not in {25, 28}]
    outcomes = set()
    for day in days[:ROUNDS]:
        start = Barrier(2)

        def book(day: int = day, start: Barrier = start) -> None:
            start.wait()
            take(consultant_id, offered, at(day, 10))

        def close(day: int = day, start: Barrier = start) -> int:
            start.wait()
            return browser.post("/availability/dates", data=closing(day)).status_code

        with ThreadPoolExecutor(2) as pool:
            booked, closed = in_thread(pool, book), pool.submit(close)
        refused = isinstance(booked.exception(), NotOffered)
        assert refused or booked.exception() is None
        outcomes.add((refused, closed.result()))
    # Closed, and the visitor heard that the time is not on offer; or booked, and asked about it.
    assert outcomes <= {(True, 303), (False, 409)}


def test_a_change_waits_for_a_booking_under_way_and_then_asks(
    consultant: Consultant, offered: uuid.UUID, sign_in: Callable[[Person], FlaskClient]
) -> None:
    browser, consultant_id = sign_in(consultant.person), consultant.id
    taken, go_on = Event(), Event()

    def book() -> None:
        take(consultant_id, offered, at(3, 10))
        taken.set()
        go_on.wait(10)

    with ThreadPoolExecutor(2) as pool:
        booking = in_thread(pool, book)
        assert taken.wait(10)
        answer = pool.submit(lambda: browser.post("/availability/dates", data=closing(3)))
        with pytest.raises(TimeoutError):
            answer.result(WAITING)
        go_on.set()
        booking.result()
    assert answer.result().status_code == 409
    assert "Somebody is booking this right now" in answer.result().text
    assert session.scalars(select(DateOverride)).all() == []


def test_a_booking_waits_for_a_change_under_way_and_then_goes_by_the_new_hours(
    consultant: Consultant, offered: uuid.UUID
) -> None:
    consultant_id = consultant.id
    session.commit()
    changed, go_on = Event(), Event()

    def close() -> None:
        while_hours_change([consultant_id])
        row = DateOverride(consultant_id=consultant_id, on=at(3, 0).date(), windows=[])
        make.saved(row)
        changed.set()
        go_on.wait(10)

    with ThreadPoolExecutor(2) as pool:
        closing = in_thread(pool, close)
        assert changed.wait(10)
        booking = in_thread(pool, lambda: take(consultant_id, offered, at(3, 10)))
        with pytest.raises(TimeoutError):
            booking.result(WAITING)
        go_on.set()
        closing.result()
    assert isinstance(booking.exception(), NotOffered)
    assert claims(session.get_one(Consultant, consultant_id)) == []
