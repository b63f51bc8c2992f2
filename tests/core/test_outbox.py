"""Work after commit: written with the fact, done once, put back when it fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests import make
from webapp import clock, outbox
from webapp.db import attempt, session, transaction
from webapp.outbox import Job, RetryLater
from workers import job, relay


@pytest.fixture
def counted(app: object) -> Iterator[list[str]]:
    """A task that writes a row and notes that it ran."""
    ran: list[str] = []

    def work(name: str) -> None:
        make.company(name=name)
        ran.append(name)
        if name == "breaks":
            raise ValueError("no good")
        if name == "later":
            raise RetryLater("the world is busy", 120)

    job.task("tests.work")(work)
    yield ran
    del job.TASKS["tests.work"]


def leased(limit: int = 5) -> list[relay.Leased]:
    with transaction():
        return list(relay.lease(limit))


def perform(row: relay.Leased) -> None:
    job.perform(str(row.job_id), str(row.token), row.again)


def let_leases_run_out() -> None:
    with transaction():
        past = clock.machine_now() - timedelta(seconds=1)
        session.execute(update(Job).where(Job.state == "leased").values(lease_until=past))


def rows() -> list[Job]:
    return list(session.scalars(select(Job).order_by(Job.dedupe_key)))


def test_same_key_twice_is_one_job(app: object) -> None:
    outbox.enqueue("tests.work", "a")
    outbox.enqueue("tests.work", "a")
    assert [row.dedupe_key for row in rows()] == ["tests.work:a"]


def test_rolled_back_change_leaves_no_job(app: object) -> None:
    with pytest.raises(RuntimeError), transaction():
        outbox.enqueue("tests.work", "a")
        raise RuntimeError
    assert rows() == []


def test_job_is_done_once(counted: list[str], drain: Callable[[], int]) -> None:
    outbox.enqueue("tests.work", "a")
    assert drain() == 1
    assert drain() == 0
    assert counted == ["a"]
    assert rows()[0].state == "done"


def test_a_second_delivery_of_the_same_lease_does_nothing(counted: list[str]) -> None:
    outbox.enqueue("tests.work", "a")
    session.commit()
    [row] = leased()
    perform(row)
    perform(row)
    assert counted == ["a"]


def test_a_stranger_to_the_lease_does_nothing(counted: list[str]) -> None:
    outbox.enqueue("tests.work", "a")
    session.commit()
    [row] = leased()
    perform(row._replace(token=uuid.uuid4()))
    assert counted == []


def test_a_message_that_comes_twice_while_work_calls_outside_begins_it_once(
    app: object,
) -> None:
    """db.attempt commits on the way, which gives up the row's lock; the lease still holds."""
    calls: list[str] = []

    def call() -> None:
        calls.append("called")
        if len(calls) == 1:
            perform(row)

    job.task("tests.outside")(lambda: attempt(call, lambda _: None))
    outbox.enqueue("tests.outside")
    session.commit()
    [row] = leased()
    perform(row)
    assert calls == ["called"]
    assert [(each.state, each.attempts) for each in rows()] == [("done", 1)]
    del job.TASKS["tests.outside"]


def test_failed_work_leaves_no_half_and_waits(counted: list[str]) -> None:
    outbox.enqueue("tests.work", "breaks")
    session.commit()
    perform(leased()[0])
    [row] = rows()
    assert (row.state, row.attempts, row.last_error) == ("waiting", 1, "ValueError: no good")
    assert row.run_after > row.created_at
    assert session.scalar(select(func.count()).select_from(make.Company)) == 0


def test_poison_fails_after_ten_tries_and_can_be_retried_by_hand(counted: list[str]) -> None:
    outbox.enqueue("tests.work", "breaks")
    session.commit()
    for _ in range(job.MAX_ATTEMPTS):
        with transaction():
            session.execute(update(Job).values(run_after=clock.now()))
        perform(leased()[0])
    assert [row.state for row in rows()] == ["failed"]
    assert leased() == []
    with transaction():
        rows()[0].retry()
    assert [row.job_id for row in leased()] == [rows()[0].id]


def test_passing_faults_are_waited_out_for_days(counted: list[str]) -> None:
    outbox.enqueue("tests.work", "later")
    session.commit()
    waited = timedelta()
    while rows()[0].state == "waiting":
        with transaction():
            session.execute(update(Job).values(run_after=clock.now()))
        perform(leased()[0])
        waited += rows()[0].run_after - clock.now()
        session.rollback()
        if waited > timedelta(days=2):
            break
    assert rows()[0].state == "waiting"
    assert rows()[0].last_error == "RetryLater: the world is busy"


def test_a_task_is_never_tried_again_earlier_than_it_asked() -> None:
    assert job.pause(1, RetryLater("", 120)) >= timedelta(seconds=120)
    assert job.pause(50, RetryLater("", 1)) <= timedelta(seconds=1.2 * job.LONGEST_PAUSE)


def test_a_lease_that_ran_out_is_handed_over_again_and_the_old_message_is_void(
    counted: list[str],
) -> None:
    outbox.enqueue("tests.work", "a")
    session.commit()
    [first] = leased()
    assert leased() == []
    let_leases_run_out()
    [second] = leased()
    assert (first.again, second.again) == (False, True)
    perform(first)
    assert counted == []
    perform(second)
    assert counted == ["a"]


def test_a_job_that_takes_its_worker_down_each_time_is_given_up(app: object) -> None:
    def die() -> None:
        raise SystemExit

    job.task("tests.dies")(die)
    outbox.enqueue("tests.dies")
    session.commit()
    begun = 0
    while found := leased():
        begun += 1
        with pytest.raises(SystemExit) if begun <= 6 else nullcontext():
            perform(found[0])
        let_leases_run_out()
    assert (begun, rows()[0].state) == (7, "failed")
    assert rows()[0].last_error == "gave up: its worker was lost each time"
    del job.TASKS["tests.dies"]


def test_a_row_under_work_is_not_handed_over_however_long_it_takes(app: object) -> None:
    seen: list[object] = []

    def slow() -> None:
        with Session(session.get_bind()) as other:
            late = clock.machine_now() + timedelta(hours=1)
            due = select(Job).where(Job.lease_until < late).with_for_update(skip_locked=True)
            seen.append(other.scalars(due).all())

    job.task("tests.slow")(slow)
    outbox.enqueue("tests.slow")
    session.commit()
    perform(leased()[0])
    assert seen == [[]]
    del job.TASKS["tests.slow"]


def test_rows_that_redis_did_not_take_wait_again(counted: list[str]) -> None:
    outbox.enqueue("tests.work", "a")
    session.commit()
    with transaction():
        relay.give_back(leased())
    assert [(row.state, row.attempts) for row in rows()] == [("waiting", 0)]
    assert len(leased()) == 1


def test_unknown_work_is_left_to_younger_code_for_an_hour_and_others_go_on(
    counted: list[str], drain: Callable[[], int]
) -> None:
    outbox.enqueue("tests.nobody", "new", run_after=clock.now() - timedelta(minutes=59))
    outbox.enqueue("tests.nobody", "old", run_after=clock.now() - timedelta(minutes=61))
    outbox.enqueue("tests.work", "a")
    session.commit()
    with transaction():
        relay.park_unknown()
    drain()
    assert {row.dedupe_key: row.state for row in rows()} == {
        "tests.nobody:new": "waiting",
        "tests.nobody:old": "failed",
        "tests.work:a": "done",
    }
    assert counted == ["a"]


def test_mail_has_a_queue_of_its_own(counted: list[str]) -> None:
    outbox.enqueue("notifications.deliver_email", str(uuid.uuid4()))
    outbox.enqueue("tests.work", "a")
    session.commit()
    with transaction():
        assert [row.task for row in relay.lease(5, "mail")] == ["notifications.deliver_email"]
        assert [row.task for row in relay.lease(5, "work")] == ["tests.work"]
