"""Thousands of series of every kind, planned in the database and dated by the oracle."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

from flask import Flask
from sqlalchemy import delete, select

from tests.depth import depth
from tests.reviews import crowd, oracle
from tests.reviews.conftest import jobs
from webapp.db import session, transaction
from webapp.reviews import due, planning
from webapp.reviews.models import Review
from webapp.reviews.rule import Rule

NOW = datetime(2026, 11, 30, 10, 30, tzinfo=UTC)  # December has begun at UTC+14, not at UTC
SERIES = depth(10_000, 2_000)
ZONES = sorted(name for name in available_timezones() if "/" in name)
COUNTRIES = (
    "US", "GB", "GB-SCT", "DE", "DE-BY", "FR", "JP", "BR", "IN", "IL", "AE", "SA", "CN", "TH",
    "ZA", "MX", "CA-QC", "AU-NSW", "Atlantis", "us", "",
)  # fmt: skip
STAGES = ("active",) * 12 + ("onboarding", "paused", "ending", "ending", "ended", "lost", "signed")


def anyone(dice: random.Random) -> crowd.Member:
    first = oracle._after(NOW.date(), dice.choice([-3, -2, -1, 0, 1, *range(2, 30)]))
    stage = dice.choice(STAGES)
    ends = NOW.date() + timedelta(days=dice.randint(-10, 150)) if stage == "ending" else None
    rule = crowd.any_rule(dice) | {"time_zone": dice.choice(ZONES)}
    return crowd.Member(
        rule, first, dice.choice(COUNTRIES),
        tuple(dice.choice(COUNTRIES) for _ in range(dice.choice([1, 1, 2]))),
        rule["time_zone"], stage, ends, first if dice.random() < 0.02 else None,
    )  # fmt: skip


def planned() -> dict[tuple[uuid.UUID, date], tuple[date, str, bool]]:
    session.rollback()
    columns = (Review.engagement_id, Review.month, Review.due_on, Review.state, Review.suspended)
    rows = session.execute(select(*columns)).all()
    found = {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}
    assert len(found) == len(rows), "a month has one review"
    return found


def wanted(
    members: list[crowd.Member], now: datetime
) -> dict[tuple[uuid.UUID, date], tuple[date, str, bool]]:
    return {
        (member.engagement_id, month): (on, "cancelled" if off else "due", off)
        for member in members
        for month, on in oracle.expected(member, now).items()
        for off in [oracle.called_off(member, on)]
    }


def plan_by_four(app: Flask) -> None:
    barrier = threading.Barrier(4)
    faults: list[BaseException] = []

    def run() -> None:
        with app.app_context():
            barrier.wait()
            try:
                with transaction():
                    planning.plan_reviews()
            except BaseException as fault:
                faults.append(fault)
            finally:
                session.remove()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_b25_four_planners_at_once_agree_with_the_oracle_on_thousands_of_series(
    app: Flask, set_clock: Callable[[datetime], None]
) -> None:
    """No month missed or doubled, each date in its month and on a business day, whatever comes:
    four planners at once, a clock that jumps 40 days either way, rows that vanish."""
    dice = random.Random(20261130)
    members = [anyone(dice) for _ in range(SERIES)]
    set_clock(NOW)
    crowd.insert(members)
    plan_by_four(app)
    first = planned()
    assert first == wanted(members, NOW)
    assert len(first) > 2 * SERIES
    assert jobs("reviews.place") == sum(state == "due" for _, state, _ in first.values())
    for (_, month), (on, _, _) in first.items():
        assert (on.year, on.month) == (month.year, month.month) and on.isoweekday() < 6

    set_clock(NOW - timedelta(days=40))
    plan_by_four(app)
    assert planned() == first
    set_clock(NOW + timedelta(days=40))
    plan_by_four(app)
    later = planned()
    assert later == wanted(members, NOW + timedelta(days=40))
    assert first.items() <= later.items()
    set_clock(NOW)
    plan_by_four(app)
    assert planned() == later

    vanished = dice.sample(sorted(later), SERIES // 20)
    for engagement_id, month in vanished:
        gone = delete(Review).where(Review.engagement_id == engagement_id, Review.month == month)
        session.execute(gone)
    session.commit()
    set_clock(NOW + timedelta(days=40))
    with transaction():
        due.rewind()
    plan_by_four(app)
    assert planned() == later


def test_its_instants_are_those_of_the_oracle() -> None:
    """A time that the clocks skip goes forward, of one that comes twice the first counts."""
    dice = random.Random(3)
    members = [anyone(dice) for _ in range(SERIES)]
    for member in members:
        rule = Rule.from_dict(member.rule)
        for on in oracle.expected(member, NOW).values():
            assert rule.instant(on) == oracle.instant(member.rule, on)


def test_what_is_there_already_is_left_as_it_is(
    app: Flask, set_clock: Callable[[datetime], None]
) -> None:
    set_clock(NOW)
    dice = random.Random(7)
    members = [crowd.Member(crowd.any_rule(dice), date(2026, 12, 1)) for _ in range(50)]
    crowd.insert(members)
    session.add_all(
        Review(engagement_id=member.engagement_id, month=date(2027, 1, 1),
               due_on=date(2027, 1, 31), state="held")
        for member in members
    )  # fmt: skip
    session.commit()
    plan_by_four(app)
    found = planned()
    assert len(found) == 4 * len(members)
    for member in members:
        assert found[member.engagement_id, date(2027, 1, 1)] == (date(2027, 1, 31), "held", False)
    assert sum(state == "due" for _, state, _ in found.values()) == 3 * len(members)
