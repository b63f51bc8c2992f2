"""A job's life in a worker: claim the row, do the work, mark it done, in one transaction."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import structlog
from sqlalchemy import Row, Select, select, update
from sqlalchemy.exc import DBAPIError

from webapp import clock
from webapp.db import session, transaction
from webapp.outbox import Job, RetryLater

Task = TypeVar("Task", bound=Callable[..., None])

TASKS: dict[str, Callable[..., None]] = {}

# Celery ends a task a minute before its lease runs out, so that two never work on one row.
LEASE_SECONDS = 180
MAX_ATTEMPTS = 10
MAX_LOST_WORKERS = 5
# Passing faults (a mail server that is down) are waited out for about three days.
MAX_POSTPONEMENTS = 300
LONGEST_PAUSE = 900.0
log = structlog.get_logger()


class LeaseLost(Exception):
    """Another worker has the row now; whatever this one did is rolled back."""


def task(name: str) -> Callable[[Task], Task]:
    """Register a function as the work of jobs of that name; it gets the job's payload."""

    def register(function: Task) -> Task:
        TASKS[name] = function
        return function

    return register


def perform(job_id: str, lease: str, again: bool = False) -> None:
    """Do a leased job once. A row that is done, or leased to another, is left alone.

    again: an earlier worker took it and was not heard of, so this try is written down first.
    """
    mine = Lease(uuid.UUID(job_id), uuid.UUID(lease))
    try:
        if again and not mine.survives_another_try():
            return
        with transaction():
            work = mine.claim_surely()
            if work:
                TASKS[work.task](*work.payload)
                mine.finish()
    except LeaseLost:
        log.warning("job.lease_lost", job=job_id)
    except Exception as error:
        log.warning("job.put_back", job=job_id, error=repr(error), exc_info=not passing(error))
        with transaction():
            mine.put_back(error)
    finally:
        session.remove()


@dataclass
class Lease:
    """The right to work on one row.

    Claiming it changes the token: should the work commit on its way (db.attempt), the same
    message delivered a second time finds nothing that is its own.
    """

    job_id: uuid.UUID
    token: uuid.UUID
    claimed_token: uuid.UUID = field(default_factory=uuid.uuid4)

    def row(self, *tokens: uuid.UUID) -> Select[Job]:
        """The row, locked, if it is ours and nobody works on it."""
        mine = select(Job).where(
            Job.id == self.job_id, Job.lease_token.in_(tokens), Job.state == "leased"
        )
        return mine.with_for_update(skip_locked=True)

    def claim(self) -> Row[tuple[str, list[object]]] | None:
        """Make the row ours: by its lock while the transaction is open, by its lease beyond."""
        mine = self.row(self.token).with_only_columns(Job.id).scalar_subquery()
        row = update(Job).where(Job.id == mine).values(
            lease_token=self.claimed_token,
            lease_until=clock.machine_now() + timedelta(seconds=LEASE_SECONDS),
            attempts=Job.attempts + 1,
        )  # fmt: skip
        return session.execute(row.returning(Job.task, Job.payload)).one_or_none()

    def claim_surely(self) -> Row[tuple[str, list[object]]] | None:
        """Claim it; a kept connection that turns out to be dead is replaced, once."""
        try:
            return self.claim()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            session.rollback()
            return self.claim()

    def finish(self) -> None:
        row = update(Job).where(Job.id == self.job_id, Job.lease_token == self.claimed_token)
        done = row.values(state="done", done_at=clock.now(), last_error="", lease_until=None)
        if session.scalar(done.returning(Job.id)) is None:
            raise LeaseLost

    def put_back(self, error: Exception) -> None:
        """Note what went wrong; the job waits longer each time, and in the end for a person."""
        job = session.scalar(self.row(self.token, self.claimed_token))
        if job is None:
            return
        if job.lease_token == self.token:  # the claim was rolled back
            job.attempts += 1
        most = MAX_POSTPONEMENTS if passing(error) else MAX_ATTEMPTS
        job.state = "failed" if job.attempts >= most else "waiting"
        job.last_error = f"{type(error).__name__}: {error}"[:2000]
        job.run_after = clock.now() + pause(job.attempts, error)
        job.lost_workers, job.lease_token, job.lease_until = 0, None, None

    def survives_another_try(self) -> bool:
        """Count this try before it begins; a job that took five workers down waits for a person."""
        with transaction():
            job = session.scalar(self.row(self.token))
            if job is None:
                return False
            job.lost_workers += 1
            if job.lost_workers > MAX_LOST_WORKERS:
                job.state, job.last_error = "failed", "gave up: its worker was lost each time"
            return job.state == "leased"


def passing(error: Exception) -> bool:
    return isinstance(error, RetryLater)


def pause(attempts: int, error: Exception) -> timedelta:
    """Twice as long after each try, up to 15 minutes; never shorter than the task asked for."""
    growing = min(LONGEST_PAUSE, 2.0 ** min(attempts, 20))
    asked = error.seconds if isinstance(error, RetryLater) else 0
    return timedelta(seconds=max(asked, growing) * random.uniform(1.0, 1.2))  # noqa: S311
