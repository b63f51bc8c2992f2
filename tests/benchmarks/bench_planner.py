"""The monthly planner against a plain INSERT … SELECT: `python -m tests.benchmarks.bench_planner`.

In a database of its own, dropped afterwards: 100,000 engagements under review (or as many as the
first argument says) lack the month that has just come into reach. What the planner does about it
(find them, date them by rule and holidays, insert reviews and jobs, note how far each series has
come) is timed against inserting the same reviews with one plain INSERT … SELECT, then rolled
back and done again; then a rerun with nothing to do, and each of the other planners. Prints the
figures; exit status 1 where a target is missed.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import func, select, text

from tests import databases
from tests.reviews import crowd
from webapp import clock, db
from webapp.db import session
from webapp.outbox import Job
from webapp.reviews import planning
from webapp.reviews.models import Review

MOST_TIMES_A_PLAIN_INSERT = 4.0
LONGEST_IDLE_SECONDS = 0.2
ROUNDS = 3
CHUNK = 10_000
FIRST_MONTH = date(2026, 10, 1)
PLANNED = datetime(2026, 10, 15, 12, tzinfo=UTC)
NEXT = datetime(2026, 11, 15, 12, tzinfo=UTC)
PLAIN = text(
    """
    INSERT INTO review (engagement_id, month, due_on, state, summary, note)
    SELECT engagement.id, DATE '2027-02-01', DATE '2027-02-15', 'due', '', ''
    FROM engagement JOIN review_series ON review_series.engagement_id = engagement.id
    WHERE engagement.stage IN ('active', 'paused')
    """
)
OTHERS = (
    planning.plan_second_tries,
    planning.plan_unbooked,
    planning.plan_missed,
    planning.plan_suspensions,
    planning.plan_returns,
    planning.plan_cancellations,
)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def people(count: int) -> None:
    dice = random.Random(20261001)
    for done in range(0, count, CHUNK):
        crowd.insert([one(dice) for _ in range(min(CHUNK, count - done))])


def one(dice: random.Random) -> crowd.Member:
    """Nine of ten are active; a tenth have two consultants."""
    stage = "paused" if dice.random() < 0.02 else "ended" if dice.random() < 0.08 else "active"
    mine = tuple(dice.sample(["US", "GB", "DE"], 2 if dice.random() < 0.1 else 1))
    company = dice.choice(["US", "GB", "DE", "JP"])
    return crowd.Member(crowd.any_rule(dice), FIRST_MONTH, company, mine, stage=stage)


def seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    session.commit()
    return perf_counter() - started


def undone(work: Callable[[], object]) -> float:
    """As above, but nothing of it stays."""
    started = perf_counter()
    work()
    took = perf_counter() - started
    session.rollback()
    return took


def at(instant: datetime, file: Path) -> None:
    """Business time stands there, more or less."""
    file.write_text(str((instant - clock.machine_now()).total_seconds()))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with databases.clone() as url, tempfile.TemporaryDirectory() as folder:
        engine = db.connect(url)
        try:
            sys.exit(0 if measured(count, Path(folder) / "clock") else 1)
        finally:
            session.remove()
            engine.dispose()


def measured(count: int, file: Path) -> bool:
    os.environ["CLOCK_OFFSET_FILE"] = str(file)
    at(PLANNED, file)
    people(count)
    first = seconds(planning.plan_reviews)
    _live_on()
    say(f"{count:,} engagements, four months each for the first time: {first:.2f} s")
    at(NEXT, file)
    plain, planner = [], []
    for _ in range(ROUNDS):
        plain.append(undone(lambda: session.execute(PLAIN)))
        planner.append(undone(planning.plan_reviews))
    ratio = median(planner) / median(plain)
    say(f"plain INSERT … SELECT: {median(plain):.2f} s; planner, a month: {median(planner):.2f} s")
    say(f"ratio: {ratio:.2f} (at most {MOST_TIMES_A_PLAIN_INSERT})")
    seconds(planning.plan_reviews)
    _analyze()
    idle = median(seconds(planning.plan_reviews) for _ in range(9))
    say(f"idle rerun: {idle * 1000:.1f} ms (at most {LONGEST_IDLE_SECONDS * 1000:.0f})")
    for other in OTHERS:
        say(f"{other.__name__}: {median(undone(other) for _ in range(3)) * 1000:.1f} ms")
    reviews = session.scalar(select(func.count()).select_from(Review))
    jobs = session.scalar(select(func.count()).select_from(Job))
    say(f"{reviews:,} reviews and {jobs:,} jobs stand")
    return ratio <= MOST_TIMES_A_PLAIN_INSERT and idle <= LONGEST_IDLE_SECONDS


def _live_on() -> None:
    """The first month's reviews were held, the others are booked."""
    held = "CASE WHEN month = :first THEN 'held' ELSE 'booked' END"
    rows = f"UPDATE review SET state = {held} WHERE state = 'due'"
    session.execute(text(rows), {"first": FIRST_MONTH})
    session.commit()
    _analyze()


def _analyze() -> None:
    """As autovacuum would: PostgreSQL knows what is in the tables."""
    session.execute(text("ANALYZE"))
    session.commit()


if __name__ == "__main__":
    main()
