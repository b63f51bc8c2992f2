"""Jobs through outbox, relay and Celery against Celery's own no-op tasks, in one run.

`python -m sandbox run -- python -m tests.benchmarks.bench_jobs [JOBS] [ROUNDS]`: both sides use one
Valkey and one worker with two children, in turn; each is timed from the first message to the last
one done. Prints jobs a second, and the ratio.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from celery import Celery
from sqlalchemy import func, select

from tests import databases
from tests.workers.stack import Stack, stack_on, until
from webapp import db, outbox
from webapp.db import session, transaction
from webapp.outbox import Job


def through_celery(stack: Stack, count: int) -> float:
    """Published by this process, while the worker works."""
    publisher = Celery("bench", broker=stack.valkey.settings["REDIS_URL"])
    started = time.monotonic()
    for _ in range(count):
        publisher.send_task("tests.noop", queue="work", ignore_result=True)
    until(lambda: drained(stack), 300)
    publisher.close()
    return count / (time.monotonic() - started)


def drained(stack: Stack) -> bool:
    return not stack.broker.llen("work") and not stack.broker.hlen("unacked")


def through_the_outbox(count: int) -> float:
    """Committed in one transaction, and handed over by the relay."""
    at = time.monotonic()
    with transaction():
        rows = [("tests.nothing", [], f"bench:{at}:{number}", None) for number in range(count)]
        outbox.enqueue_all(rows)
    started = time.monotonic()
    until(lambda: undone() == 0, 300)
    return count / (time.monotonic() - started)


def undone() -> int:
    session.rollback()
    rows = select(func.count()).select_from(Job).where(Job.state.in_(["waiting", "leased"]))
    return session.scalar(rows) or 0


def main() -> None:
    count, rounds = (int(word) for word in [*sys.argv[1:], "3000", "3"][:2])
    os.environ["LEASE_SECONDS"] = "30"  # as in production
    os.environ.setdefault("SMTP_URL", "smtp://127.0.0.1:9")
    with (
        tempfile.TemporaryDirectory() as folder,
        databases.clone() as url,
        stack_on(Path(folder), url) as stack,
    ):
        engine = db.connect(url)
        through_celery(stack, 200)
        through_the_outbox(200)
        pairs = [(through_celery(stack, count), through_the_outbox(count)) for _ in range(rounds)]
        session.remove()
        engine.dispose()
    for celery, ours in pairs:
        print(f"celery no-op {celery:6.0f}/s   outbox {ours:6.0f}/s   ratio {ours / celery:.2f}")  # noqa: T201
    print(f"median ratio {statistics.median(ours / celery for celery, ours in pairs):.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
