"""A list of a thousand consultants: as many queries as for ten, and two milliseconds for each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from time import process_time
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import Range

from tests import make
from tests.booking.rows import at
from tests.counting import counting
from webapp.access import Role
from webapp.accounts.models import Membership, Person
from webapp.booking import queries
from webapp.booking.models import (
    Absence,
    CalendarRules,
    Claim,
    DateOverride,
    Travel,
    WeeklyWindow,
    open_slots,
)
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today", "app")
MANY = 1_000
BOOKED_EACH = 20
SECONDS_EACH = 0.002
ZONES = ("Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata")


def add_many() -> None:
    """A thousand with weekly hours, meetings on every second business day, and some exceptions."""
    people = [uuid.uuid4() for _ in range(MANY)]
    ids = [uuid.uuid4() for _ in range(MANY)]
    for noun, rows in (
        (Person, _people(people)), (Membership, _memberships(people)),
        (Consultant, _consultants(ids, people)), (CalendarRules, _rules(ids)),
        (WeeklyWindow, _weekly(ids)), (Claim, _claims(ids)), (DateOverride, _dates(ids[::5])),
        (Absence, _away(ids[1::5])), (Travel, _away(ids[2::5], time_zone="Asia/Tokyo")),
    ):  # fmt: skip
        session.execute(insert(noun), list(rows))
    session.commit()


Rows = Iterator[dict[str, Any]]


def _people(ids: list[uuid.UUID]) -> Rows:
    for number, person_id in enumerate(ids):
        yield {"id": person_id, "name": f"Many {number}", "email": f"many{number}@example.com",
               "time_zone": "UTC", "fs_uniquifier": uuid.uuid4().hex}  # fmt: skip


def _memberships(people: list[uuid.UUID]) -> Rows:
    for person_id in people:
        yield {"person_id": person_id, "role": Role.CONSULTANT}


def _consultants(ids: list[uuid.UUID], people: list[uuid.UUID]) -> Rows:
    same = {"headline": "Runs", "roles": ["coo"], "industries": [], "languages": [],
            "country": "GB", "days_per_month": 12, "meeting_place": "here"}  # fmt: skip
    for number, (who, person_id) in enumerate(zip(ids, people, strict=True)):
        own = {"id": who, "person_id": person_id, "slug": f"many-{number}"}
        yield {**same, **own, "time_zone": ZONES[number % 4]}


def _rules(ids: list[uuid.UUID]) -> Rows:
    for number, who in enumerate(ids):
        yield {"consultant_id": who, "horizon_days": 60, "per_day": 5 if number % 3 == 0 else None,
               "per_week": 20 if number % 4 == 0 else None}  # fmt: skip


def _weekly(ids: list[uuid.UUID]) -> Rows:
    for who in ids:
        for day in range(1, 6):
            yield {"consultant_id": who, "weekday": day, "starts": "09:00", "ends": "17:00"}


def _claims(ids: list[uuid.UUID]) -> Rows:
    for who in ids:
        for number in range(BOOKED_EACH):
            start = at(2, 9) + timedelta(days=3 * number)
            end = start + timedelta(hours=2)
            yield {"consultant_id": who, "kind": "block", "starts_at": start, "ends_at": end,
                   "buffered": Range(start, end), "active": True}  # fmt: skip


def _dates(ids: list[uuid.UUID]) -> Rows:
    for who in ids:
        yield {"consultant_id": who, "on": date(2026, 12, 10), "windows": [], "note": ""}


def _away(ids: list[uuid.UUID], **values: str) -> Rows:
    for who in ids:
        yield {
            "consultant_id": who,
            "first": date(2026, 12, 1),
            "last": date(2026, 12, 9),
            **values,
        }


def list_of(count: int) -> tuple[list[datetime | None], int, float]:
    """The next open times of so many; the queries they took, and the seconds of work each."""
    session.expunge_all()
    consultants = session.scalars(queries.published().limit(count)).unique().all()
    with counting() as sent:
        began = process_time()
        rows = queries.listed(consultants)
        spent = process_time() - began
    return [row.next_open for row in rows], len(sent), spent / count


def test_b29_a_thousand_consultants_over_60_days_are_listed_in_constant_queries_and_time() -> None:
    add_many()
    make.offering()
    few, queries_for_ten, _ = list_of(10)
    many, queries_for_all, seconds_each = list_of(MANY)
    assert len(few) == 10 and len(many) == MANY and all(many)
    assert queries_for_all == queries_for_ten
    assert seconds_each <= SECONDS_EACH
    away = sum(start is not None and start >= at(9, 12) for start in many)
    assert away == MANY // 5


def test_b29_all_slots_of_a_thousand_for_60_days_are_within_the_bar_as_well() -> None:
    add_many()
    ids = list(session.scalars(queries.published().with_only_columns(Consultant.id)))
    with counting() as sent:
        began = process_time()
        found = open_slots(ids, at(1, 8), at(1, 8) + timedelta(days=60), 30)
        spent = process_time() - began
    assert len(found) == MANY and min(map(len, found.values())) > 100
    assert len(sent) <= 7 and spent / MANY <= SECONDS_EACH
