"""Jobs through the real relay, Valkey and Celery, with each of them failing: once each, always."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from tests import databases
from tests.workers.stack import (
    CELERY,
    RELAY,
    Stack,
    each_once,
    effects,
    enqueue,
    stack_on,
    undone,
    until,
)
from webapp import clock, db, outbox
from webapp.db import session, transaction
from webapp.outbox import Job

# In one process of a parallel run: two would each start all of it.
pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module")
def stack(application: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with databases.clone() as url, stack_on(folder, url) as running:
        engine = db.connect(url)
        with application.app_context():
            yield running
        session.remove()
        engine.dispose()


@pytest.fixture(autouse=True)
def told_on_failure(stack: Stack) -> Iterator[None]:
    stack.mend()
    yield
    session.rollback()
    print(stack.last_words())  # noqa: T201 - shown by pytest when a test fails


def test_jobs_are_done(stack: Stack) -> None:
    each_once(enqueue("plain", 50), within=15)


def test_a_job_for_later_waits_and_then_is_done(stack: Stack) -> None:
    with transaction():
        soon = clock.now() + timedelta(seconds=3)
        outbox.enqueue("tests.effect", "later-0", run_after=soon)
    time.sleep(1)
    assert not effects("later")
    each_once(["later-0"], within=10)


def test_a_child_killed_after_its_effect_and_before_its_commit(
    stack: Stack, tmp_path: Path
) -> None:
    with transaction():
        outbox.enqueue("tests.dies_once", "child-0", str(tmp_path / "died"))
    each_once(["child-0"], within=20)
    assert (tmp_path / "died").exists()


def test_the_worker_killed_with_its_children(stack: Stack) -> None:
    names = enqueue("worker", 30, seconds=0.3)
    until(lambda: len(effects("worker")) >= 4, 15)
    stack.programs["worker"].kill()
    stack.start_worker()
    each_once(names)


def test_the_worker_stopped_by_a_deploy_finishes_what_it_has(stack: Stack) -> None:
    names = enqueue("deploy", 10, seconds=0.5)
    until(lambda: len(effects("deploy")) >= 2, 15)
    assert stack.programs["worker"].stop() == 0
    session.rollback()
    begun = select(Job.attempts).where(Job.dedupe_key.startswith("tests:deploy-"))
    assert sum(session.scalars(begun)) == len(effects("deploy"))
    stack.start_worker()
    each_once(names)


def test_redis_wiped_again_and_again_with_many_waiting(stack: Stack) -> None:
    names = enqueue("wiped", 200, seconds=0.01)
    for done in (20, 80, 160):
        until(lambda done=done: len(effects("wiped")) >= done, 20)
        stack.broker.flushall()
    each_once(names)


def test_redis_that_hangs(stack: Stack) -> None:
    stack.programs["valkey"].signal(signal.SIGSTOP)
    before = time.monotonic()
    names = enqueue("hangs", 40)
    assert time.monotonic() - before < 1, "a commit does not wait for Redis"
    time.sleep(5)
    assert undone() == 40
    stack.programs["valkey"].signal(signal.SIGCONT)
    each_once(names)


def test_redis_killed_and_started_again(stack: Stack) -> None:
    names = enqueue("killed", 60, seconds=0.05)
    until(lambda: len(effects("killed")) >= 10, 15)
    stack.programs["valkey"].kill()
    names += enqueue("killed-meanwhile", 10)
    time.sleep(1)
    stack.start_valkey()
    each_once(names)


def test_two_relays_at_once_and_one_is_killed(stack: Stack) -> None:
    second = stack.start("relay-2", RELAY)
    names = enqueue("relays", 150)
    until(lambda: len(effects("relays")) >= 50, 20)
    stack.programs["relay"].kill()
    each_once(names)
    second.kill()
    stack.start("relay")
    each_once(enqueue("relay", 20))


def test_planners_go_on_when_redis_is_wiped_and_when_it_was_away(
    stack: Stack, tmp_path: Path
) -> None:
    words = ("beat", "--schedule", str(tmp_path / "schedule"), "--pidfile=")
    beat = stack.start("beat", (*CELERY, *words))
    try:
        until(lambda: effects("planned"), 30)
        stack.broker.flushall()
        wiped = len(effects("planned"))
        until(lambda: len(effects("planned")) > wiped + 1, 30)
        stack.programs["valkey"].kill()
        stack.start_valkey()
        away = len(effects("planned"))
        until(lambda: len(effects("planned")) > away + 1, 40)
    finally:
        beat.kill()
    until(lambda: undone() == 0, 30)
    assert set(effects("planned").values()) == {1}


def test_connections_to_postgresql_cut(stack: Stack) -> None:
    names = enqueue("cut", 100, seconds=0.02)
    for done in (10, 40):
        until(lambda done=done: len(effects("cut")) >= done, 20)
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    each_once(names)
