"""A job's life in a worker: claim the row, do the work, mark it done, in one transaction."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import structlog
from sqlalchemy import select, update

from webapp import clock
from webapp.db import session, transaction
from webapp.outbox import Job, RetryLater

Task = TypeVar("Task", bound=Callable[..., None])

TASKS: dict[str, Callable[..., None]] = {}
MAX_ATTEMPTS = 10
log = structlog.get_logger()


class LeaseLost(Exception):
    """Another worker has the row now; whatever this one did is rolled back."""


def task(name: str) -> Callable[[Task], Task]:
    """Register a function as the work of jobs of that name; it gets the job's payload."""

    def register(function: Task) -> Task:
        TASKS[name] = function
        return function

    return register


def perform(job_id: str, lease: str) -> None:
    """Do a leased job once. A row that is done, or leased to another, is left alone."""
    token = uuid.UUID(lease)
    try:
        with transaction():
            job = claimed(uuid.UUID(job_id), token)
            if job is None:
                return
            name, payload = job.task, list(job.payload)
            TASKS[name](*payload)
            finish(uuid.UUID(job_id), token)
    except LeaseLost:
        log.warning("job.lease_lost", job=job_id)
    except Exception as error:
        log.warning("job.failed", job=job_id, error=repr(error), exc_info=True)
        with transaction():
            put_back(uuid.UUID(job_id), token, error)
    finally:
        session.remove()


def claimed(job_id: uuid.UUID, lease: uuid.UUID) -> Job | None:
    row = select(Job).where(Job.id == job_id, Job.lease_token == lease, Job.state == "leased")
    found: Job | None = session.scalar(row.with_for_update(skip_locked=True))
    return found


def finish(job_id: uuid.UUID, lease: uuid.UUID) -> None:
    row = update(Job).where(Job.id == job_id, Job.lease_token == lease, Job.state == "leased")
    done = session.execute(row.values(state="done", done_at=clock.now(), last_error=""))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost


def put_back(job_id: uuid.UUID, lease: uuid.UUID, error: Exception) -> None:
    """Note what went wrong; the job waits longer each time, and after ten tries for a person."""
    job = claimed(job_id, lease)
    if job is None:
        return
    job.last_error = f"{type(error).__name__}: {error}"[:2000]
    job.state = "failed" if job.attempts >= MAX_ATTEMPTS else "waiting"
    job.run_after = clock.now() + pause(job.attempts, error)
    job.lease_token = job.lease_until = None


def pause(attempts: int, error: Exception) -> timedelta:
    if isinstance(error, RetryLater):
        return timedelta(seconds=error.seconds)
    return timedelta(seconds=min(900, 2**attempts) * random.uniform(0.8, 1.2))  # noqa: S311

