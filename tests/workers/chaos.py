"""The real worker and relay with tasks that tests can count, and leases that run out sooner.

`celery -A tests.workers.chaos worker`, `python -m tests.workers.chaos` (the relay).
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from webapp import audit, clock, outbox
from workers import job, relay
from workers.app import app, register
from workers.plan import planner

__all__ = ["app"]

relay.LEASE_SECONDS = int(os.environ.get("LEASE_SECONDS", "3"))


@job.task("tests.effect")
def effect(name: str, seconds: float = 0.0) -> None:
    """Leaves an audit event, which can be counted and not undone."""
    time.sleep(seconds)
    audit.record("tests.effect", name)


@job.task("tests.dies_once")
def dies_once(name: str, mark: str) -> None:
    """The first time, its process is killed after its effect and before the commit."""
    audit.record("tests.effect", name)
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)


@planner("tests.plan")
def plan_something() -> None:
    """Due anew each second."""
    second = clock.machine_now().strftime("%H%M%S")
    outbox.enqueue("tests.effect", f"planned-{second}")


app.conf.beat_schedule["planners"] |= {"schedule": 1.0}


@job.task("tests.nothing")
def nothing() -> None:
    """For measuring what the way there costs."""


@app.task(name="tests.noop")
def noop() -> None:
    """The same, without an outbox."""


for task_name in ("tests.effect", "tests.dies_once", "tests.nothing"):
    register(task_name)

if __name__ == "__main__":
    relay.main()
