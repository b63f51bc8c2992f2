"""The relay hands committed Job rows to Celery, and again when their lease has run out.

Any number may run. Each waits on LISTEN/NOTIFY and looks every second anyway. No more than
IN_FLIGHT rows are out at a time, so that leases do not run out inside a backlog; when Redis does
not take a row, its lease is given back and nothing is lost.
"""

from __future__ import annotations

import signal
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from psycopg import Connection
from sqlalchemy import func, or_, select, update

from webapp import clock
from webapp.db import session, transaction
from webapp.outbox import CHANNEL, Job
from workers.app import LEASE_SECONDS, app, flask_app, queue_of
from workers.job import MAX_ATTEMPTS, TASKS

IN_FLIGHT = 64
LOOK_SECONDS = 1.0
log = structlog.get_logger()

Leased = tuple[uuid.UUID, str, uuid.UUID]


def ready() -> Any:
    """Rows that are due: waiting ones, and leased ones whose worker has not been heard of."""
    return or_(
        (Job.state == "waiting") & (Job.run_after <= clock.now()),
        (Job.state == "leased") & (Job.lease_until < clock.machine_now()),
    )


def lease(limit: int) -> Sequence[Leased]:
    """Take up to `limit` due rows, oldest first: (id, task, lease token)."""
    due = select(Job.id).where(ready()).order_by(Job.run_after, Job.id).limit(limit)
    rows = (
        update(Job)
        .where(Job.id.in_(due.with_for_update(skip_locked=True)))
        .values(
            state="leased",
            lease_token=func.gen_random_uuid(),
            lease_until=clock.machine_now() + timedelta(seconds=LEASE_SECONDS),
            attempts=Job.attempts + 1,
        )
        .returning(Job.id, Job.task, Job.lease_token)
        .execution_options(synchronize_session=False)
    )
    return [(row.id, row.task, row.lease_token) for row in session.execute(rows)]


def in_flight() -> int:
    out = select(func.count()).where(Job.state == "leased", Job.lease_until >= clock.machine_now())
    return session.scalar(out) or 0


def park_hopeless() -> None:
    """Jobs nobody knows, or that took their worker down each time, wait for a person."""
    known = Job.task.in_(list(TASKS))
    worn = (Job.attempts >= MAX_ATTEMPTS) & (Job.state == "leased")
    unknown = update(Job).where(ready(), ~known)
    session.execute(unknown.values(state="failed", last_error="no worker knows this kind of job"))
    session.execute(
        update(Job).where(ready(), worn).values(state="failed", last_error="gave up: worker lost")
    )


def hand_over(row: Leased) -> None:
    job_id, task, token = row
    app.send_task(task, args=[str(job_id), str(token)], queue=queue_of(task), retry=False)


def give_back(rows: Sequence[Leased]) -> None:
    """Redis did not take them: they wait again, and the try is not counted."""
    tokens = [token for _, _, token in rows]
    update_rows = update(Job).where(Job.lease_token.in_(tokens), Job.state == "leased")
    session.execute(
        update_rows.values(state="waiting", lease_token=None, attempts=Job.attempts - 1)
    )


def turn() -> int:
    """One round; how many rows were handed over."""
    with transaction():
        park_hopeless()
        rows = lease(max(0, IN_FLIGHT - in_flight()))
    for sent, row in enumerate(rows):
        try:
            hand_over(row)
        except Exception as error:
            log.warning("relay.broker_unavailable", error=repr(error))
            with transaction():
                give_back(rows[sent:])
            return sent
    return len(rows)


def wait(connection: Connection[Any]) -> None:
    """Until a job is announced, or a second has passed."""
    for _ in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
        return


def listen() -> Connection[Any]:
    connection = session.get_bind().raw_connection().driver_connection  # type: ignore[union-attr]
    connection.autocommit = True
    connection.execute(f"LISTEN {CHANNEL}")
    return connection


class Relay:
    def __init__(self) -> None:
        self.stopping = False

    def stop(self, *_: object) -> None:
        self.stopping = True

    def run(self) -> None:
        """Until told to stop; a database that went away is waited for."""
        connection: Connection[Any] | None = None
        while not self.stopping:
            try:
                connection = connection or listen()
                if not turn():
                    wait(connection)
            except Exception as error:
                log.warning("relay.fault", error=repr(error))
                connection = None
                signal.sigtimedwait([], LOOK_SECONDS)
            finally:
                session.remove()


def main() -> None:
    relay = Relay()
    signal.signal(signal.SIGTERM, relay.stop)
    signal.signal(signal.SIGINT, relay.stop)
    with flask_app.app_context():
        relay.run()


if __name__ == "__main__":
    main()
