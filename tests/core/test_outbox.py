"""Work after commit: written with the fact, done once, put back when it fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from tests import make
from webapp import outbox
from webapp.db import session, transaction
from webapp.outbox import Job
from workers import job, relay


@pytest.fixture
def counted(app: object) -> list[str]:
    """A task that writes a row and notes that it ran."""
    ran: list[str] = []

    def work(name: str) -> None:
        make.company(name=name)
        ran.append(name)
        if name == "breaks":
            raise ValueError("no good")

    job.TASKS["tests.work"] = work
    return ran


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
    with transaction():
        [(job_id, _, token)] = relay.lease(5)
    job.perform(str(job_id), str(token))
    job.perform(str(job_id), str(token))
    assert counted == ["a"]


def test_a_stranger_to_the_lease_does_nothing(counted: list[str]) -> None:
    outbox.enqueue("tests.work", "a")
    session.commit()
    with transaction():
        [(job_id, _, _)] = relay.lease(5)
    job.perform(str(job_id), str(uuid.uuid4()))
    assert counted == []


def test_failed_work_leaves_no_half_and_waits(counted: list[str]) -> None:
    outbox.enqueue("tests.work", "breaks")
    session.commit()
    with transaction():
        [(job_id, _, token)] = relay.lease(5)
    job.perform(str(job_id), str(token))
    [row] = rows()
    assert (row.state, row.attempts, row.last_error) == ("waiting", 1, "ValueError: no good")
    assert row.run_after > row.created_at
    assert session.scalar(select(func.count()).select_from(make.Company)) == 0


def test_unknown_work_is_parked_and_others_go_on(
    counted: list[str], drain: Callable[[], int]
) -> None:
    outbox.enqueue("tests.nobody", "x")
    outbox.enqueue("tests.work", "a")
    session.commit()
    with transaction():
        relay.park_hopeless()
    drain()
    assert {row.task: row.state for row in rows()} == {
        "tests.nobody": "failed",
        "tests.work": "done",
    }
    assert counted == ["a"]
