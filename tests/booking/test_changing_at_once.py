"""Many who change one meeting at one moment: one effect, and nothing by halves."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.booking.meetings import NOON, booked
from tests.booking.rows import at, claims, meetings_are_claimed
from tests.booking.test_races import race
from webapp.booking.models import Booking, ChangeLink
from webapp.db import session, transaction
from webapp.outbox import Job

pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def meeting_id(app: Flask) -> uuid.UUID:
    return booked().id


@pytest.fixture(autouse=True)
def claimed_in_the_end(app: Flask) -> Iterator[None]:
    """Whatever was done at once: every booked meeting takes its own time and no other."""
    yield
    session.rollback()
    meetings_are_claimed()


def meeting(meeting_id: uuid.UUID) -> Booking:
    return session.get_one(Booking, meeting_id)


def told() -> Counter[str]:
    session.rollback()
    tasks = session.scalars(select(Job.task).where(Job.task.startswith("booking.")))
    return Counter(tasks)


def moves(meeting_id: uuid.UUID, count: int, seen: int | None) -> list[Callable[[], None]]:
    starts = [at(9, 9 + number % 7) for number in range(count)]
    return [lambda start=start: meeting(meeting_id).move(start, seen=seen) for start in starts]  # type: ignore[misc]


def test_of_many_who_move_what_they_all_saw_one_wins(meeting_id: uuid.UUID) -> None:
    outcome = race(moves(meeting_id, 12, seen=0))
    assert outcome == {"won": 1, "ChangedMeanwhile": 11}
    found = meeting(meeting_id)
    assert found.sequence == 1 and claims(found.consultants[0]) == [("booking", found.starts_at)]
    assert told() == {"booking.tell_moved": 1}


def test_moved_by_many_one_after_another_it_has_one_time(meeting_id: uuid.UUID) -> None:
    outcome = race(moves(meeting_id, 7, seen=None))
    assert outcome == {"won": 7}
    found = meeting(meeting_id)
    assert found.sequence == 7 and claims(found.consultants[0]) == [("booking", found.starts_at)]


def test_called_off_and_moved_at_once_it_is_one_or_the_other(meeting_id: uuid.UUID) -> None:
    steps = [lambda: meeting(meeting_id).cancel("off", seen=0), *moves(meeting_id, 7, seen=0)]
    outcome = race(steps)
    assert outcome["won"] == 1 and set(outcome) <= {"won", "ChangedMeanwhile", "MeetingOver"}
    found = meeting(meeting_id)
    time = [] if found.state == "cancelled" else [("booking", found.starts_at)]
    assert claims(found.consultants[0]) == time
    assert found.sequence == 1 and sum(told().values()) == 1


def test_rebooked_by_many_at_once_it_takes_place_once(meeting_id: uuid.UUID) -> None:
    with transaction():
        meeting(meeting_id).cancel("off")
    starts = [at(9, 9 + number) for number in range(7)]
    outcome = race([lambda start=start: meeting(meeting_id).rebook(start) for start in starts])  # type: ignore[misc]
    assert outcome == {"won": 1, "MeetingOver": 6}
    found = meeting(meeting_id)
    assert claims(found.consultants[0]) == [("booking", found.starts_at)]


def test_marked_by_both_sides_at_once_one_is_heard(
    meeting_id: uuid.UUID, set_clock: Callable[..., None]
) -> None:
    set_clock(at(8, 12, 16))
    sides = ["client", "consultant"] * 4
    outcome = race([lambda side=side: meeting(meeting_id).miss(side) for side in sides])  # type: ignore[misc]
    assert outcome == {"won": 1, "MeetingOver": 7}
    assert told() == {"booking.missed": 1}


# -- by link ---------------------------------------------------------------------------------------


def paths(meeting_id: uuid.UUID, *wanted: tuple[str, str]) -> list[str]:
    """The link's path for each (purpose, side)."""
    with transaction():
        found = meeting(meeting_id)
        urls = [ChangeLink.issue(found, found.people(side)[0], what) for what, side in wanted]
    return ["/meetings/" + url.partition("/meetings/")[2] for url in urls]


def pressed(app: Flask, pages: list[str]) -> Counter[int]:
    """The statuses of POSTs sent at one moment."""
    statuses: Counter[int] = Counter()

    def press(path: str, hour: int) -> None:
        browser: FlaskClient = FlaskClient(app, app.response_class)
        data = {"slot": at(9, hour).isoformat(), "reason": ""}
        statuses[browser.post(path, data=data).status_code] += 1

    assert race([lambda p=p, h=h: press(p, 9 + h % 7) for h, p in enumerate(pages)]) == {  # type: ignore[misc]
        "won": len(pages)
    }
    return statuses


@pytest.mark.parametrize("purpose", ["move", "cancel"])
def test_b22_a_link_used_many_times_at_once_has_one_effect(
    app: Flask, meeting_id: uuid.UUID, purpose: str
) -> None:
    assert pressed(app, paths(meeting_id, (purpose, "client")) * 8) == {303: 1, 410: 7}
    assert meeting(meeting_id).sequence == 1
    assert sum(told().values()) == 1


def test_two_people_with_a_link_each_change_it_once(app: Flask, meeting_id: uuid.UUID) -> None:
    links = paths(
        meeting_id, ("move", "client"), ("move", "consultant"), ("cancel", "consultant"),
        ("cancel", "client"),
    )  # fmt: skip
    statuses = pressed(app, links)
    assert statuses[303] == 1 and set(statuses) <= {303, 409, 410}
    found = meeting(meeting_id)
    assert found.sequence == 1 and sum(told().values()) == 1
    assert (found.starts_at == NOON) == (found.state == "cancelled")
