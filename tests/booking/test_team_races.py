"""Teams against teams and against single bookings, many at once, on the real database.

Nothing is tried again here, so that a deadlock would show as an OperationalError.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.booking.rows import at, claims, meetings_are_claimed
from tests.booking.sending import send
from tests.booking.test_races import RACERS, race
from webapp.booking import queries
from webapp.booking.models import (
    Booking,
    CalendarRules,
    CapacityMonth,
    CapacityUse,
    Claim,
    Hold,
    SlotTaken,
    contention,
)
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
ZONE = "America/New_York"
Ids = Sequence[uuid.UUID]


@pytest.fixture(autouse=True)
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "TRIES", 1)


def people(ids: Ids) -> list[Consultant]:
    return [session.get_one(Consultant, who) for who in ids]


def take(offering_id: uuid.UUID, team: Ids, start: datetime) -> None:
    Hold.take(session.get_one(Offering, offering_id), people(team), start, ZONE)


def offerings(days: int = 0) -> dict[str, uuid.UUID]:
    return {
        role: make.offering(role=role, days_per_month=days).id
        for role in ("coo", "integrator", "both")
    }


def bench(size: int) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """So many COOs and Integrators; the ids of the one are not all below those of the other."""
    made = [
        (make.consultant(days_per_month=31).id,
         make.consultant(roles=["integrator"], days_per_month=31).id)
        for _ in range(size)
    ]  # fmt: skip
    return [coo for coo, _ in made], [integrator for _, integrator in made]


def test_b10_of_32_forms_sent_at_once_one_is_303_and_31_are_409(
    app: Flask, picker: str, consultant: Consultant
) -> None:
    who, statuses = consultant.id, Counter[int]()

    def press(number: int) -> None:
        browser = FlaskClient(app, app.response_class)
        statuses[send(browser, picker, at(3, 15), f"{number:032x}").status_code] += 1

    race([partial(press, number) for number in range(RACERS)])
    assert statuses == {303: 1, 409: RACERS - 1}
    assert claims(session.get_one(Consultant, who)) == [("hold", at(3, 15))]


def test_b17_a_team_and_its_members_race_for_one_time(app: object) -> None:
    """Either the team has it, or one single each: never half a team."""
    ([coo], [integrator]), sold = bench(1), offerings()
    racers = [
        partial(take, sold["both"], [coo, integrator], at(3, 10)),
        partial(take, sold["coo"], [coo], at(3, 10)),
        partial(take, sold["integrator"], [integrator], at(3, 10)),
    ]
    outcome = race(racers * 11)
    assert set(outcome) == {"won", "SlotTaken"} and outcome["won"] in (1, 2)
    held = session.scalars(select(Hold)).all()
    assert len(held) == outcome["won"] and whole(held)
    assert [len(claims(who)) for who in people([coo, integrator])] == [1, 1]


@pytest.mark.parametrize("seed", range(3))
def test_teams_and_singles_over_many_times_never_wait_for_each_other(
    app: object, seed: int
) -> None:
    """Three COOs and three Integrators in every pairing, some with a daily limit."""
    coos, integrators = bench(3)
    for who in (coos[0], integrators[1]):
        session.get_one(CalendarRules, who).per_day = 3
    sold, pick = offerings(days=1), random.Random(seed)
    starts = [at(3, hour, minute) for hour in range(9, 16) for minute in (0, 30)]
    racers: list[Callable[[], None]] = []
    for _ in range(20):
        coo, integrator = pick.choice(coos), pick.choice(integrators)
        racers += [
            partial(take, sold["both"], [coo, integrator], pick.choice(starts)),
            partial(take, sold["coo"], [coo], pick.choice(starts)),
            partial(take, sold["integrator"], [integrator], pick.choice(starts)),
        ]
    pick.shuffle(racers)
    outcome = race(racers)
    assert set(outcome) <= {"won", "SlotTaken"} and outcome["won"] > 5
    held = session.scalars(select(Hold)).all()
    assert len(held) == outcome["won"] and whole(held)
    books_agree()


def test_held_teams_that_move_at_once_keep_their_books(app: object) -> None:
    """Each wants the time of the next: some get away, the others stand where they were."""
    coos, integrators = bench(2)
    both = offerings(days=1)["both"]
    pairs = [(coo, other) for coo in coos for other in integrators]
    for number, pair in enumerate(pairs):
        take(both, pair, at(3, 9 + 2 * number))
        take(both, pair, at(4, 9 + 2 * number))
    holds = list(session.scalars(select(Hold.id)))
    pick = random.Random(7)

    def move(hold_id: uuid.UUID, start: datetime) -> None:
        session.get_one(Hold, hold_id).move(start)

    starts = [
        at(day, hour, minute) for day in (3, 4) for hour in range(9, 16) for minute in (0, 30)
    ]
    outcome = race([partial(move, hold_id, pick.choice(starts)) for hold_id in holds * 4])
    assert set(outcome) <= {"won", "SlotTaken"}
    assert whole(session.scalars(select(Hold)).all())
    books_agree()


def test_booked_teams_that_move_while_singles_are_taken(app: object) -> None:
    """With a daily limit on both, so that everybody stands in line for the same two people."""
    ([coo], [integrator]), sold = bench(1), offerings()
    engagement_id = make.engagement().id
    for hour in (9, 11, 13):
        pair = people([coo, integrator])
        Booking.schedule("review", engagement_id, pair, at(3, hour), 60, ZONE, "R", "here", [])
    for who in (coo, integrator):
        session.get_one(CalendarRules, who).per_day = 9
    meetings = list(session.scalars(select(Booking.id)))

    def move(meeting_id: uuid.UUID, start: datetime) -> None:
        session.get_one(Booking, meeting_id).move(start)

    starts = [at(3, hour, half) for hour in range(9, 16) for half in (0, 30)]
    pick = random.Random(11)
    racers: list[Callable[[], None]] = []
    for _ in range(6):
        racers += [partial(move, meeting_id, pick.choice(starts)) for meeting_id in meetings]
        racers.append(partial(take, sold["coo"], [coo], pick.choice(starts)))
        racers.append(partial(take, sold["integrator"], [integrator], pick.choice(starts)))
    assert set(race(racers)) <= {"won", "SlotTaken"}
    meetings_are_claimed()
    for meeting in session.scalars(select(Booking)):
        active = select(Claim.consultant_id).where(
            Claim.booking_id == meeting.id, Claim.starts_at == meeting.starts_at, Claim.active
        )
        assert set(session.scalars(active)) == {coo, integrator}


def test_lapsed_teams_taken_again_by_many_at_once(
    app: object, set_clock: Callable[[datetime], None]
) -> None:
    """Whoever comes clears away what lapsed; its own holders want it back at that moment."""
    ([coo], [integrator]), sold = bench(1), offerings(days=1)
    for hour in (9, 11, 13, 15):
        take(sold["both"], [coo, integrator], at(3, hour))
    lapsed = list(session.scalars(select(Hold.id)))
    session.commit()
    set_clock(at(1, 9))

    def renew(hold_id: uuid.UUID) -> None:
        session.get_one(Hold, hold_id).renew()

    racers: list[Callable[[], None]] = [partial(renew, hold_id) for hold_id in lapsed * 3]
    racers += [partial(take, sold["coo"], [coo], at(3, hour)) for hour in (9, 11, 13, 15) * 3]
    racers += [partial(take, sold["integrator"], [integrator], at(3, hour, 30)) for hour in (9, 13)]
    random.Random(3).shuffle(racers)
    assert set(race(racers)) <= {"won", "SlotTaken"}
    live = session.scalars(select(Hold).where(Hold.expires_at > at(1, 9))).all()
    assert live and whole(live)


def test_32_racers_for_anyone_get_as_many_as_are_able(app: object) -> None:
    coos, _ = bench(3)
    offering_id = offerings()["coo"]

    def take_any() -> None:
        offering = session.get_one(Offering, offering_id)
        teams = queries.teams_in_turn(offering, at(3, 10))
        Hold.take_any(offering, teams, at(3, 10), ZONE)

    assert race([take_any] * RACERS) == {"won": 3, SlotTaken.__name__: RACERS - 3}
    assert [claims(who) for who in people(coos)] == [[("hold", at(3, 10))]] * 3


def whole(holds: Sequence[Hold]) -> bool:
    """Each of a team has the very claim of its hold."""
    for held in holds:
        ours = select(Claim.consultant_id).where(
            Claim.hold_id == held.id, Claim.starts_at == held.starts_at, Claim.active
        )
        if set(session.scalars(ours)) != {who.id for who in held.team}:
            return False
    return True


def books_agree() -> None:
    """What each month counts as used is what the holds take of it."""
    taken = select(CapacityUse.consultant_id, CapacityUse.month, func.sum(CapacityUse.days))
    uses = {
        (who, month): days
        for who, month, days in session.execute(
            taken.group_by(CapacityUse.consultant_id, CapacityUse.month)
        )
    }
    months = session.scalars(select(CapacityMonth).where(CapacityMonth.used_days > 0)).all()
    assert {(row.consultant_id, row.month): row.used_days for row in months} == uses
    assert uses
