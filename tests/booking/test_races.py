"""Many at once, each with a connection of its own, on the real database."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlalchemy import func, select, text

from tests import make
from tests.booking.rows import at, claims, used
from webapp.booking.models import Booking, CalendarRules, Hold, NoCapacity, SlotTaken, contention
from webapp.booking.models.contention import contend
from webapp.catalog.models import Consultant, Offering
from webapp.db import session, transaction

pytestmark = pytest.mark.usefixtures("today")
RACERS = 32
ZONE = "America/New_York"


def race(steps: Sequence[Callable[[], None]]) -> Counter[str]:
    """Run the steps at one moment, each in its own transaction; how each came out."""
    session.commit()
    start = Barrier(len(steps))

    def run(step: Callable[[], None]) -> str:
        start.wait()
        try:
            with transaction():
                step()
            return "won"
        except Exception as error:
            return type(error).__name__
        finally:
            session.remove()

    with ThreadPoolExecutor(len(steps)) as pool:
        return Counter(pool.map(run, steps))


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried again, so that a deadlock would show as an OperationalError."""
    monkeypatch.setattr(contention, "TRIES", 1)


@pytest.fixture
def ids(app: object) -> tuple[uuid.UUID, uuid.UUID]:
    """A consultant with room for everybody, and an offering."""
    consultant, offering = make.consultant(days_per_month=31), make.offering(days_per_month=0)
    return consultant.id, offering.id


def taking(ids: tuple[uuid.UUID, uuid.UUID], start: datetime, key: str | None = None) -> None:
    consultant, offering = session.get_one(Consultant, ids[0]), session.get_one(Offering, ids[1])
    Hold.take(offering, consultant, start, ZONE, key)


@pytest.mark.usefixtures("untried")
def test_b10_of_32_racers_one_wins_and_31_are_told(ids: tuple[uuid.UUID, uuid.UUID]) -> None:
    outcome = race([lambda: taking(ids, at(3, 10))] * RACERS)
    assert outcome == {"won": 1, "SlotTaken": RACERS - 1}
    assert claims(session.get_one(Consultant, ids[0])) == [("hold", at(3, 10))]


def test_b11_overlapping_unequal_slots_have_one_winner(ids: tuple[uuid.UUID, uuid.UUID]) -> None:
    starts = [at(3, 10), at(3, 10, 30), at(3, 11)] * 5
    outcome = race([lambda start=start: taking(ids, start) for start in starts])  # type: ignore[misc]
    held = [start for _, start in claims(session.get_one(Consultant, ids[0]))]
    assert outcome["won"] == len(held) and set(outcome) <= {"won", "SlotTaken"}
    assert held in ([at(3, 10)], [at(3, 10, 30)], [at(3, 11)])


def test_b12_the_same_key_32_times_at_once_is_one_hold(ids: tuple[uuid.UUID, uuid.UUID]) -> None:
    outcome = race([lambda: taking(ids, at(3, 10), "key")] * RACERS)
    assert outcome == {"won": RACERS}
    assert claims(session.get_one(Consultant, ids[0])) == [("hold", at(3, 10))]


def test_b18_racers_for_capacity_never_oversell(app: object) -> None:
    consultant, offering = make.consultant(days_per_month=12), make.offering(days_per_month=4)
    ids = consultant.id, offering.id
    starts = [at(day, hour) for day in (3, 4, 7, 8) for hour in (9, 11, 13, 15)]
    outcome = race([lambda start=start: taking(ids, start) for start in starts])  # type: ignore[misc]
    assert outcome == {"won": 3, NoCapacity.__name__: 13}
    consultant = session.get_one(Consultant, ids[0])
    assert set(used(consultant).values()) == {12}
    assert len(claims(consultant)) == 3


@pytest.mark.usefixtures("untried")
def test_expired_hold_is_given_back_once_by_many(
    app: object, set_clock: Callable[[datetime], None]
) -> None:
    consultant, offering = make.consultant(days_per_month=12), make.offering(days_per_month=4)
    ids = consultant.id, offering.id
    taking(ids, at(3, 10))
    session.commit()
    set_clock(at(1, 9))
    starts = [at(day, hour) for day in (3, 4) for hour in (9, 11, 13, 15)]
    outcome = race([lambda start=start: taking(ids, start) for start in starts])  # type: ignore[misc]
    assert outcome == {"won": 3, NoCapacity.__name__: 5}
    assert set(used(session.get_one(Consultant, ids[0])).values()) == {12}


def test_daily_limit_holds_in_a_race(ids: tuple[uuid.UUID, uuid.UUID]) -> None:
    session.get_one(CalendarRules, ids[0]).per_day = 2
    outcome = race([lambda h=h: taking(ids, at(3, h)) for h in (9, 11, 13, 15)])  # type: ignore[misc]
    assert outcome == {"won": 2, "SlotTaken": 2}


@pytest.mark.usefixtures("untried")
def test_meetings_of_two_consultants_in_either_order(app: object) -> None:
    made = make.engagement()
    pair = [make.consultant().id, make.consultant().id]
    engagement_id = made.id

    def meet(order: list[uuid.UUID]) -> None:
        consultants = [session.get_one(Consultant, who) for who in order]
        Booking.schedule("review", engagement_id, consultants, at(3, 10), 60, ZONE, "R", "here", [])

    outcome = race([lambda: meet(pair), lambda: meet(pair[::-1])] * 8)
    assert outcome == {"won": 1, SlotTaken.__name__: 15}


def test_b17_one_busy_consultant_leaves_no_claim_on_the_other(app: object) -> None:
    made = make.engagement()
    free, busy = make.consultant(), make.consultant()
    Booking.schedule("review", made.id, [busy], at(3, 10), 60, ZONE, "R", "here", [])
    with pytest.raises(SlotTaken):
        Booking.schedule("review", made.id, [free, busy], at(3, 10), 60, ZONE, "R", "here", [])
    assert claims(free) == []
    assert session.scalar(select(func.count()).select_from(Booking)) == 1


def test_a_deadlock_is_tried_again(ids: tuple[uuid.UUID, uuid.UUID]) -> None:
    """Two that lock two rows in crossing order: PostgreSQL ends one, and both get through."""
    first, second = make.company(name="a").id, make.company(name="b").id
    meet = Barrier(2)
    tries: Counter[str] = Counter()

    def lock(name: str, order: tuple[uuid.UUID, uuid.UUID]) -> None:
        def step() -> None:
            tries[name] += 1
            for number, row in enumerate(order):
                session.execute(
                    text("SELECT 1 FROM company WHERE id = :id FOR UPDATE"), {"id": row}
                )
                if number == 0 and tries[name] == 1:
                    meet.wait(5)

        contend(step)

    outcome = race([lambda: lock("x", (first, second)), lambda: lock("y", (second, first))])
    assert outcome == {"won": 2}
    assert sum(tries.values()) == 3


def test_an_exclusion_violation_from_elsewhere_is_the_same_refusal(
    ids: tuple[uuid.UUID, uuid.UUID],
) -> None:
    taking(ids, at(3, 10))

    def plain_insert() -> None:
        session.execute(
            text(
                "INSERT INTO claim (kind, consultant_id, starts_at, ends_at, buffered, active)"
                " SELECT 'block', consultant_id, starts_at, ends_at, buffered, true FROM claim"
            )
        )

    with pytest.raises(SlotTaken):
        contend(plain_insert)
    assert len(claims(session.get_one(Consultant, ids[0]))) == 1
