"""The relay hands committed Job rows to Celery, and again when their lease has run out.

Any number may run. Each waits on LISTEN/NOTIFY and looks every second anyway. A queue in Redis
never holds more than MOST_WAITING messages, so that leases do not run out inside a backlog. While
Redis does not answer, no row is touched; wiped, it is simply filled again.
"""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg
import redis
import structlog
from sqlalchemy import func, make_url, or_, select, update

from webapp import clock
from webapp.db import session, transaction
from webapp.outbox import CHANNEL, Job
from workers.app import QUEUES, app, flask_app, queue_of, settings
from workers.job import TASKS

# Between handing a row over and its worker's claim; a message that Redis lost costs this long.
LEASE_SECONDS = 30
MOST_WAITING = 64
LOOK_SECONDS = 1.0
BUSY_SECONDS = 0.01
# Younger code may know the task: while versions run side by side it is left to them.
UNKNOWN_FOR = timedelta(hours=1)
log = structlog.get_logger()


class Leased(NamedTuple):
    """again: its lease had run out, so an earlier worker may have died of it."""

    job_id: uuid.UUID
    task: str
    token: uuid.UUID
    again: bool


def ready() -> Any:
    """Rows that are due: waiting ones, and leased ones whose worker has not been heard of."""
    return or_(
        (Job.state == "waiting") & (Job.run_after <= clock.now()),
        (Job.state == "leased") & (Job.lease_until < clock.machine_now()),
    )


def lease(limit: int, queue: str | None = None) -> Sequence[Leased]:
    """Take up to `limit` due rows, of one queue or of all, oldest first."""
    tasks = [name for name in TASKS if queue in (None, queue_of(name))]
    due = (
        select(Job.id, (Job.state == "leased").label("again"))
        .where(ready(), Job.task.in_(tasks))
        .order_by(Job.run_after, Job.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = (
        update(Job)
        .where(Job.id == due.c.id)
        .values(
            state="leased",
            lease_token=func.gen_random_uuid(),
            lease_until=clock.machine_now() + timedelta(seconds=LEASE_SECONDS),
        )
        .returning(Job.id, Job.task, Job.lease_token, due.c.again)
        .execution_options(synchronize_session=False)
    )
    return [Leased(*row) for row in session.execute(rows)]


def give_back(rows: Sequence[Leased]) -> None:
    """Redis did not take them: they wait again."""
    tokens = [row.token for row in rows]
    taken = update(Job).where(Job.lease_token.in_(tokens), Job.state == "leased")
    session.execute(taken.values(state="waiting", lease_token=None, lease_until=None))


def park_unknown() -> None:
    """Jobs that no code has known for an hour wait for a person; others go on."""
    due = update(Job).where(
        Job.state == "waiting",
        Job.run_after < clock.now() - UNKNOWN_FOR,
        Job.task.not_in(list(TASKS)),
    )
    session.execute(due.values(state="failed", last_error="no worker knows this kind of job"))


class Relay:
    """One relay; `stop` may be called by a signal handler or another thread."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.parked_at = 0.0
        self.broker = redis.Redis.from_url(
            settings.redis_url, socket_timeout=3, socket_connect_timeout=3
        )

    def stop(self, *_: object) -> None:
        self.stopped.set()

    def run(self) -> None:
        """Until told to stop; a database or a broker that went away is waited for."""
        while not self.stopped.is_set():
            try:
                with listening() as connection:
                    self.serve(connection)
            except Exception as error:
                log.warning("relay.fault", error=repr(error))
                self.stopped.wait(LOOK_SECONDS)
            finally:
                session.remove()

    def serve(self, connection: psycopg.Connection[Any]) -> None:
        while not self.stopped.is_set():
            if self.turn():
                self.stopped.wait(BUSY_SECONDS)
            else:
                wait(connection)

    def turn(self) -> bool:
        """One round; whether there is more to hand over as soon as there is room."""
        if time.monotonic() - self.parked_at > LOOK_SECONDS:
            with transaction():
                park_unknown()
            self.parked_at = time.monotonic()
        busy = [self.fill(queue) for queue in QUEUES]
        return any(busy)

    def fill(self, queue: str) -> bool:
        """Fill a queue that is less than half full, so that rows are leased by the dozen."""
        room = MOST_WAITING - int(self.broker.llen(queue))
        if room < MOST_WAITING // 2:
            return True
        with transaction():
            rows = lease(room, queue)
        hand_over(rows, queue)
        return len(rows) == room


def hand_over(rows: Sequence[Leased], queue: str) -> None:
    """Send them; those that Redis did not take are given back."""
    for sent, row in enumerate(rows):
        try:
            args = [str(row.job_id), str(row.token), row.again]
            app.send_task(row.task, args=args, queue=queue, retry=False, ignore_result=True)
        except Exception:
            with transaction():
                give_back(rows[sent:])
            raise


def wait(connection: psycopg.Connection[Any]) -> None:
    """Until a job is announced, or a second has passed."""
    for _ in connection.notifies(timeout=LOOK_SECONDS, stop_after=1):
        return


@contextmanager
def listening() -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own: one from the pool would be handed to others."""
    url = make_url(settings.database_url).set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True, application_name="relay") as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        yield connection


def main() -> None:
    relay = Relay()
    signal.signal(signal.SIGTERM, relay.stop)
    signal.signal(signal.SIGINT, relay.stop)
    with flask_app.app_context():
        relay.run()


if __name__ == "__main__":
    main()
