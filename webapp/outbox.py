"""Job rows: work to do after commit, written with the fact that causes it.

A change and the work it causes commit together. A relay (workers/relay.py) hands committed rows
to Celery and hands them over again when their lease runs out; a worker claims its row, does the
work and marks the row done in one transaction. Redis may vanish at any moment.

Rows that are done stay: their key is what keeps the same work from being done a second time, and
the index of what is ready leaves them out.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Index,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.db import Base, Identified, session

CHANNEL = "job"
STATES = ("waiting", "leased", "done", "failed")


class RetryLater(Exception):
    """Raised by a task that met a passing fault: the job is tried again after that many seconds."""

    def __init__(self, reason: str, seconds: int = 60) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Job(Identified, Base):
    """run_after is business time; lease_until is machine time.

    attempts: tries that came to an end, well or not. lost_workers: how often in a row it was begun
    again after a worker that may have died of it.
    """

    __tablename__ = "job"

    task: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    payload: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(default="waiting")
    run_after: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lost_workers: Mapped[int] = mapped_column(default=0, server_default="0")
    lease_token: Mapped[uuid.UUID | None]
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_job_ready", "run_after", postgresql_where="state IN ('waiting', 'leased')"),
    )

    def retry(self) -> None:
        """Put a failed job back in line, as if it had never been tried."""
        if self.state != "failed":
            raise ValueError("only a failed job is tried again by hand")
        self.state, self.attempts, self.lost_workers = "waiting", 0, 0
        self.run_after = clock.now()
        wake()


def enqueue(
    task: str,
    *payload: object,
    key: str | None = None,
    run_after: datetime | None = None,
) -> None:
    """Add a job for the running transaction; the same key twice is one job, for good.

    payload: what JSON can hold, and UUIDs (sent as text). key: unique name of this piece of work,
    the task and its payload unless given. run_after: business time, now unless given.
    """
    args = [str(part) if isinstance(part, uuid.UUID) else part for part in payload]
    enqueue_all([(task, args, key or ":".join([task, *map(str, args)]), run_after)])


def enqueue_all(rows: Iterable[tuple[str, list[Any], str, datetime | None]]) -> None:
    """Many at once: (task, payload, key, run_after); in key order: planners never deadlock."""
    now = clock.now()
    values = [
        {"task": task, "payload": payload, "dedupe_key": key, "state": "waiting", "attempts": 0,
         "run_after": run_after or now, "created_at": now, "last_error": ""}
        for task, payload, key, run_after in sorted(rows, key=lambda row: row[2])
    ]  # fmt: skip
    if values:
        row = insert(Job).on_conflict_do_nothing(index_elements=["dedupe_key"])
        session.execute(row, values)  # row by row on the wire: one statement takes 8,000 at most
        wake()


def enqueue_each(task: str, subjects: Select[uuid.UUID]) -> int:
    """A job for each id that a query finds, with the id as payload, in one statement.

    The query may be over rows that a CTE of it inserts. Returns how many jobs are new.
    """
    found = subjects.subquery("subject")
    written = cast(next(iter(found.c)), Text)
    now = clock.now()
    values = {
        "task": literal(task), "payload": func.jsonb_build_array(written),
        "dedupe_key": literal(f"{task}:") + written, "state": literal("waiting"),
        "attempts": literal(0), "run_after": literal(now), "created_at": literal(now),
        "last_error": literal(""),
    }  # fmt: skip
    rows = select(*values.values()).order_by(written)
    new = insert(Job).from_select(list(values), rows, include_defaults=False)
    kept = new.on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(Job.id)
    ids = kept.cte("added")
    added = session.scalar(select(func.count()).select_from(ids)) or 0
    if added:
        wake()
    return added


def enqueueing(task: str, subjects: Select[Any]) -> Select[Any]:
    """A statement that puts a job in line for each id a query finds, and wakes the relay: a row
    each. Built once and executed with `now`, where a request has no time for anything else.

    The query may be over rows that a CTE of it inserts.
    """
    found = subjects.subquery("subject")
    written = cast(next(iter(found.c)), Text)
    now = bindparam("now", type_=Job.run_after.type)
    values = {
        "task": literal(task), "payload": func.jsonb_build_array(written),
        "dedupe_key": literal(f"{task}:") + written, "state": literal("waiting"),
        "attempts": literal(0), "run_after": now, "created_at": now, "last_error": literal(""),
    }  # fmt: skip
    new = insert(Job).from_select(list(values), select(*values.values()), include_defaults=False)
    kept = new.on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(Job.id)
    return select(func.pg_notify(CHANNEL, "")).select_from(kept.cte("added"))


def enqueue_again(task: str, subject: uuid.UUID) -> None:
    """Work that comes back for good, such as reading a calendar: one row, however often it is done.

    A row that is done waits again; one that waits, is under way or has failed is left as it is.
    """
    now = clock.now()
    values = {
        "task": task, "payload": [str(subject)], "dedupe_key": f"{task}:{subject}",
        "state": "waiting", "attempts": 0, "run_after": now, "created_at": now, "last_error": "",
    }  # fmt: skip
    row = insert(Job).values(values)
    anew = {"state": "waiting", "attempts": 0, "run_after": now, "done_at": None}
    done = Job.state == "done"
    row = row.on_conflict_do_update(index_elements=["dedupe_key"], set_=anew, where=done)
    if session.scalar(row.returning(Job.id)):
        wake()


def wake() -> None:
    """Tell the relay; delivered by PostgreSQL when, and only when, this transaction commits."""
    session.execute(select(func.pg_notify(CHANNEL, "")))
