"""What a year is lived in: a real database, the app, Stripe's stand-in, a mail server, a clock."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from sandbox.timemachine.clock_file import set_business_time
from sandbox.timemachine.jobs import Jobs
from tests import databases
from tests.elsewhere import Browser, elsewhere
from tests.simulation.hands import hands
from tests.simulation.postbox import Postbox
from tests.simulation.weather import Weather
from tests.standin import Gate, StandIn
from webapp import clock, db
from webapp.db import session

# The longest that a job is put off after a fault, and how many such moments a day may have.
A_MOMENT, MOST_MOMENTS = timedelta(minutes=20), 20
# How many may wait for a call of ours.
MOST_FAULTS = 20


@dataclass
class World:
    """hands: whoever does the jobs: this process, or workers of their own (crew.py), which live no
    longer than the thread that starts them."""

    app: Flask
    stripe: StandIn
    mailbox: Postbox
    database_url: str
    clock_file: Path
    weather: Weather
    hands: Callable[[], None]
    plan: Callable[[], None]
    jobs: Jobs

    def browser(self) -> Any:
        return self.app.test_client()

    def dashboard(self, verb: str, path: str, **fields: Any) -> Any:
        """What somebody does there; a fault that was meant for our calls makes them try again."""
        for _ in range(MOST_FAULTS):
            with suppress(requests.RequestException):
                return self.stripe.api(verb, path, **fields)
        raise AssertionError(f"{verb} {path} never worked")

    def set_clock(self, to: datetime) -> None:
        """Business time stands at `to` and goes on from there, here and at Stripe."""
        set_business_time(self.clock_file, to)
        self.stripe.advance(to)

    def pass_to(self, to: datetime) -> None:
        """Time passes: what is due is planned and done, and Stripe's webhooks come as they will."""
        self.set_clock(to)
        if self.weather.brings_webhooks():
            self.stripe.deliver()
        self.do_what_is_due()

    def do_what_is_due(self) -> None:
        """What is put off for a moment, because a call went wrong, is not put off for a day."""
        self.apart(self.plan)
        for _ in range(MOST_MOMENTS):
            # What is put off may have come due before the others were done.
            began = clock.now()
            self.hands()
            soon, now = self.jobs.next_due(began), clock.now()
            if soon is None or soon > now + A_MOMENT:
                break
            self.set_clock(max(soon, now) + timedelta(seconds=1))
        session.rollback()

    def apart(self, work: Callable[[], object]) -> None:
        """In a thread and a session of its own."""

        def inside() -> None:
            with self.app.app_context():
                work()

        elsewhere(inside)

    def receive(self, body: bytes, signature: str) -> int:
        """Stripe's webhook at our door."""
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        answer = self.app.test_client().post("/stripe/webhook", data=body, headers=headers)
        return answer.status_code


@contextmanager
def world(
    seed: int, starts: datetime, workers: bool = False, helped: bool = False, taxed: bool = False
) -> Iterator[World]:
    """A world of its own; what it changes of this process is put back afterwards.

    workers: jobs are done by processes of their own, which are killed again and again; helped: by
    this process and a second one. taxed: Stripe reckons taxes.
    """
    from tests.jobs import drain_jobs  # noqa: PLC0415 - needs the environment of conftest
    from tests.simulation.helping import pair  # noqa: PLC0415 - likewise
    from workers import plan  # noqa: PLC0415
    from workers.app import flask_app  # noqa: PLC0415

    drawn = random.Random(seed)
    with _clock_file() as clock_file, Postbox.listening() as box, databases.clone() as url:
        stripe = StandIn(Gate())
        stripe.start()
        before = dict(flask_app.config), flask_app.test_client_class
        _connect(flask_app, box, stripe, taxed)
        engine = db.connect(url, pool_timeout=30, max_overflow=40, pool_pre_ping=False)
        made = World(
            flask_app, stripe, box, url, clock_file, Weather(drawn, stripe),
            hands=lambda: made.apart(drain_jobs), plan=plan.everything, jobs=Jobs(url),
        )  # fmt: skip
        stripe.receive = made.receive
        try:
            with flask_app.app_context(), ExitStack() as crew:
                made.set_clock(starts)
                there = {"STRIPE_API_BASE": stripe.base, "SMTP_URL": box.url}
                there |= {"STRIPE_TAX": "on"} if taxed else {}
                if workers:
                    made.hands = crew.enter_context(hands(url, there, drawn))
                elif helped:
                    both = crew.enter_context(pair(url, there))
                    made.hands = lambda: made.apart(both)
                yield made
        finally:
            session.remove()
            engine.dispose()
            stripe.stop()
            config, flask_app.test_client_class = before
            flask_app.config.update(config)


def _connect(app: Flask, box: Postbox, stripe: StandIn, taxed: bool) -> None:
    sender = os.environ["MAIL_FROM"]
    settings = replace(
        app.config["SETTINGS"], smtp_url=box.url, mail_from=sender, stripe_api_base=stripe.base,
        stripe_tax=taxed,
    )  # fmt: skip
    app.config.update(
        SETTINGS=settings, STRIPE_API_BASE=stripe.base, TESTING=True, WTF_CSRF_ENABLED=False,
        PROPAGATE_EXCEPTIONS=False,
    )  # fmt: skip
    app.test_client_class = Browser


@contextmanager
def _clock_file() -> Iterator[Path]:
    before = os.environ.get("CLOCK_OFFSET_FILE")
    with tempfile.TemporaryDirectory(prefix="year-") as folder:
        path = Path(folder) / "clock-offset"
        path.write_text("0")
        os.environ["CLOCK_OFFSET_FILE"] = str(path)
        try:
            yield path
        finally:
            if before is None:
                del os.environ["CLOCK_OFFSET_FILE"]
            else:
                os.environ["CLOCK_OFFSET_FILE"] = before
