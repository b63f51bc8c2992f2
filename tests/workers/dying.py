"""A worker in a process of its own that is killed right after one of its changes at Stripe: the
answer is there, and nothing of it is written down."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import update

from webapp import clock, db
from webapp.billing.stripe_gateway import BoundedClient
from webapp.config import Settings
from webapp.db import session
from webapp.outbox import Job

PATIENCE = 90
DEATHS = 40
# Asked by POST, and nothing is changed by it.
ONLY_ASKED = "/create_preview"


@dataclass(frozen=True)
class World:
    """What a worker needs to be one of the test's own."""

    settings: Settings
    database: str
    clock_file: str

    @classmethod
    def of(cls, app: Flask) -> World:
        bound = session.get_bind().engine.url.render_as_string(hide_password=False)
        return cls(app.config["SETTINGS"], bound, os.environ["CLOCK_OFFSET_FILE"])


def work(world: World, changes: int) -> None:
    """Do all that is due, one job at a time; dead after so many changes at Stripe."""
    from tests.jobs import drain_jobs  # noqa: PLC0415 - reads the environment set by the tests
    from workers.app import flask_app  # noqa: PLC0415

    os.environ["CLOCK_OFFSET_FILE"] = world.clock_file
    flask_app.config.update(SETTINGS=world.settings, STRIPE_API_BASE=world.settings.stripe_api_base)
    BoundedClient.request = _deadly(BoundedClient.request, changes)  # type: ignore[method-assign]
    with flask_app.app_context():
        db.connect(world.database, pool_size=4)
        drain_jobs(at_once=1)


def _deadly(request: Callable[..., Any], changes: int) -> Callable[..., Any]:
    left = iter(range(changes - 1, -1, -1))

    def asked(self: BoundedClient, method: str, url: str, *more: Any, **named: Any) -> Any:
        answer = request(self, method, url, *more, **named)
        if method.lower() != "get" and not url.endswith(ONLY_ASKED) and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return asked


def killed_after(world: World, changes: int) -> bool:
    """Whether a worker died of its nth change; False: it had less to do."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["workers.app", "tests.jobs"])
    process = context.Process(target=work, args=(world, changes))
    process.start()
    process.join(PATIENCE)
    if process.exitcode not in {0, -signal.SIGKILL}:
        process.kill()
        raise AssertionError(f"the worker ended with {process.exitcode}")
    return process.exitcode != 0


def leases_run_out() -> None:
    """As half a minute does for the jobs of who was killed."""
    past = clock.machine_now() - timedelta(seconds=1)
    session.execute(update(Job).where(Job.state == "leased").values(lease_until=past))
    session.commit()


def die_again_and_again(app: Flask, deliver: Callable[[], None]) -> int:
    """One worker after another: the first dies of its first change, the second of its second …
    until one has nothing left to die of; how many died."""
    session.commit()
    world = World.of(app)
    for changes in range(1, DEATHS):
        deliver()
        died = killed_after(world, changes)
        leases_run_out()
        if not died:
            return changes - 1
    raise AssertionError("the work never ended")
