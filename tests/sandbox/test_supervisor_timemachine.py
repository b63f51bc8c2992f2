"""Moving time: every due instant is stopped at, in order, on a real job table and stand-in."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from sandbox.page.travel import Backwards, OnTheWay, Travel
from sandbox.timemachine.jobs import Jobs
from sandbox.timemachine.machine import NotSettled, TimeMachine, next_midnight
from sandbox.timemachine.stand_in import StandIn
from tests.sandbox.stripe_desk import Desk
from tests.sandbox.supervised import eventually
from webapp import clock

DAY = timedelta(days=1)


@dataclass
class Office:
    """Does due jobs as soon as they are due, as relay and worker do, and notes when (business
    time). A job named "again" leads to another one a day later, one named "plan" is its planner's
    daily work."""

    url: str
    done: list[tuple[str, datetime]] = field(default_factory=list)
    planned: list[datetime] = field(default_factory=list)

    def run(self) -> None:
        """The planner: one job for each day, however often it runs."""
        now = clock.now()
        self.planned.append(now)
        self.add("plan", now, key=f"plan {now.date()}")

    def add(self, task: str, at: datetime, key: str) -> None:
        insert = """
            INSERT INTO job (task, dedupe_key, payload, state, run_after, attempts, last_error,
                             created_at)
            VALUES (%s, %s, '[]', 'waiting', %s, 0, '', now())
            ON CONFLICT (dedupe_key) DO NOTHING
        """
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(insert, [task, key, at])

    def work(self, stop: threading.Event) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not stop.wait(0.005):
                self.do_one(connection)

    def do_one(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        row = connection.execute(
            "UPDATE job SET state = 'done', done_at = %(now)s WHERE id = (SELECT id FROM job"
            " WHERE state = 'waiting' AND run_after <= %(now)s ORDER BY run_after LIMIT 1)"
            " RETURNING task, dedupe_key",
            {"now": clock.now()},
        ).fetchone()
        if row:
            self.done.append((str(row[1]), clock.now()))
            if row[0] == "again":
                self.add("follow-up", clock.now() + DAY, f"after {row[1]}")

    def when(self, key: str) -> datetime:
        return dict(self.done)[key]


@pytest.fixture
def office(database_url: str, clock_file: Path) -> Iterator[Office]:
    office = Office(database_url.replace("+psycopg", ""))
    stop = threading.Event()
    thread = threading.Thread(target=office.work, args=(stop,))
    thread.start()
    yield office
    stop.set()
    thread.join()


@pytest.fixture
def machine(office: Office, desk: Desk, database_url: str, clock_file: Path) -> TimeMachine:
    return TimeMachine(clock_file, Jobs(database_url), office, StandIn(desk.url))


def test_each_due_instant_is_stopped_at_in_order(machine: TimeMachine, office: Office) -> None:
    start = clock.now()
    wanted = {f"at {hours}": start + timedelta(hours=hours) for hours in (70, 3, 29, 4)}
    for key, at in wanted.items():
        office.add("note", at, key)
    machine.advance(start + 3 * DAY)

    notes = [key for key, _ in office.done if key in wanted]
    assert notes == ["at 3", "at 4", "at 29", "at 70"]
    for key, at in wanted.items():
        assert timedelta() <= office.when(key) - at < timedelta(seconds=5)
    assert clock.now() - (start + 3 * DAY) < timedelta(seconds=5)


def test_what_a_job_leads_to_on_the_way_is_done_too(machine: TimeMachine, office: Office) -> None:
    start = clock.now()
    office.add("again", start + timedelta(hours=5), "first")
    machine.advance(start + 2 * DAY)
    assert office.when("after first") - start >= timedelta(hours=29)


def test_planners_run_on_every_day(machine: TimeMachine, office: Office) -> None:
    start = clock.now()
    machine.advance(start + 10 * DAY)
    days = {at.date() for at in office.planned}
    assert days == {(start + n * DAY).date() for n in range(11)}
    assert len([key for key, _ in office.done if key.startswith("plan")]) == 11


def test_stripe_arrives_at_each_instant_with_the_app(machine: TimeMachine, desk: Desk) -> None:
    subscription = desk.subscribed()
    stops: list[float] = []
    machine.on_step = lambda now: stops.append(now.timestamp())
    machine.advance(clock.now() + 63 * DAY)
    for renewal in desk.invoices(subscription.id)[1:]:
        assert any(abs(stop - renewal.created) < 1 for stop in stops), "not a day late"
    paid = [invoice for invoice in desk.invoices(subscription.id) if invoice.status == "paid"]
    assert len(paid) == 3
    assert abs(desk.now - clock.now().timestamp()) < 5
    renewals = [event for event in desk.receiver.events if event.type == "invoice.paid"]
    assert len(renewals) == 3, "delivered, not only made"


def test_stripe_is_never_ahead_of_the_app(machine: TimeMachine, desk: Desk) -> None:
    """But for its counting in whole seconds."""
    desk.subscribed()
    ahead: list[float] = []
    machine.on_step = lambda now: ahead.append(desk.now - clock.now().timestamp())
    machine.advance(clock.now() + 32 * DAY)
    assert max(ahead) < 1
    assert min(ahead) > -5


def test_a_job_that_nobody_does_stops_the_journey_and_is_named(
    desk: Desk, database_url: str, clock_file: Path
) -> None:
    idle = Office(database_url.replace("+psycopg", ""))
    machine = TimeMachine(
        clock_file, Jobs(database_url), idle, StandIn(desk.url), settle_within=0.3
    )
    before = clock.now()
    with pytest.raises(NotSettled, match=r"plan \(1\)"):
        machine.advance(before + DAY)
    assert clock.now() - before < timedelta(minutes=1), "it stands where the trouble is"
    assert machine.wait_until_quiet(0.1) == ["plan (1): "]


def test_one_journey_at_a_time_and_only_forward(machine: TimeMachine) -> None:
    travel = Travel(machine)
    with pytest.raises(Backwards):
        travel.go_to(clock.now() - DAY)
    travel.set_out(clock.now() + 30 * DAY)
    with pytest.raises(OnTheWay):
        travel.go_to(clock.now() + 40 * DAY)
    assert eventually(lambda: not travel.is_running)
    assert not travel.error
    assert travel.done >= 1
    assert travel.steps >= 30


def test_midnight_where_the_clocks_skip_it() -> None:
    """In Santiago 2026-09-06 begins at 01:00 (IANA tzdata)."""
    evening = datetime(2026, 9, 6, 2, tzinfo=UTC)
    assert next_midnight(evening, "America/Santiago") == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert next_midnight(evening, "UTC") == datetime(2026, 9, 7, tzinfo=UTC)
