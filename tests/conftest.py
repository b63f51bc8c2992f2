"""What tests share: a real PostgreSQL database each, the app on it, a movable clock, real SMTP."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests import databases
from tests.elsewhere import Browser, elsewhere
from tests.mail import Mailbox
from tests.remembering import (
    AtStripe,
    Cookies,
    Mails,
    OurClock,
    OurRows,
    Part,
    Past,
    Replaced,
    Steps,
)
from tests.standin import Gate, StandIn
from webapp import clock, db
from webapp.accounts.models import Person

os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 40)
os.environ.setdefault("TOTP_SECRETS", "tests-only-" + "y" * 40)
os.environ.setdefault("BASE_URL", "http://localhost")
os.environ.setdefault("TRUSTED_HOSTS", "localhost,127.0.0.1")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("SMTP_URL", "smtp://127.0.0.1:1")
SENDER = "Righthand <hello@righthand.example.com>"
os.environ["MAIL_FROM"] = SENDER
os.environ.setdefault("STRIPE_API_KEY", "sk_test_tests")
os.environ.setdefault("STRIPE_WEBHOOK_SECRET", "whsec_tests")
os.environ.setdefault("RIGHTHAND_ENV", "sandbox")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Years before moments: begun last, one would keep a whole run waiting. (Groups, such as the
    journeys, are begun even before by pytest-xdist.)"""
    items.sort(key=lambda item: "simulation" not in item.path.parts)


@pytest.fixture(scope="session", autouse=True)
def collecting_rarely() -> None:
    """What was imported stays; looking through it for garbage took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


@pytest.fixture(scope="session")
def mailbox_server() -> Iterator[Mailbox]:
    with Mailbox.listening() as box:
        os.environ["SMTP_URL"] = box.url
        yield box


@pytest.fixture(scope="session")
def application(mailbox_server: Mailbox) -> object:
    """The whole app and its workers' tasks, built once; each test gives it its own database."""
    from workers.app import flask_app  # noqa: PLC0415 - reads the environment set above

    # A test file that imports the workers has had the environment read before the mail server ran.
    here = replace(flask_app.config["SETTINGS"], smtp_url=mailbox_server.url, mail_from=SENDER)
    flask_app.config.update(SETTINGS=here, TESTING=True, WTF_CSRF_ENABLED=False)
    flask_app.config["PROPAGATE_EXCEPTIONS"] = False
    flask_app.test_client_class = Browser
    return flask_app


@pytest.fixture(scope="session")
def kept_database() -> Iterator[databases.Kept]:
    """This process' own database."""
    with databases.kept() as database:
        yield database


@pytest.fixture
def database_url(kept_database: databases.Kept) -> str:
    """A migrated database with nothing in it."""
    return kept_database.emptied()


@pytest.fixture
def app(application: object, database_url: str, clock_file: Path) -> Iterator[object]:
    with _connected(database_url), application.app_context():  # type: ignore[attr-defined]
        yield application


@contextmanager
def _connected(url: str) -> Iterator[None]:
    """The session on that database; connections that a test has left in use end with it."""
    engine = _engine_on(url)
    db.session.remove()
    db.session.configure(bind=engine)
    yield
    db.session.remove()
    if engine.pool.checkedout():  # type: ignore[attr-defined]
        engine.dispose()


@cache
def _engine_on(url: str) -> Engine:
    """Kept from test to test, since a new engine would compile every statement anew."""
    return db.connect(url, pool_size=4, max_overflow=40, pool_timeout=10)


@pytest.fixture
def client(app: object) -> FlaskClient:
    """A visitor's browser, without JavaScript."""
    return app.test_client()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def sign_in(app: object) -> Callable[[Person], FlaskClient]:
    """A browser in which that person is signed in."""

    def signed_in(person: Person) -> FlaskClient:
        browser: FlaskClient = app.test_client()  # type: ignore[attr-defined]
        db.session.commit()
        with browser.session_transaction() as stored:
            stored.update(_user_id=person.fs_uniquifier, _fresh=True, person_id=str(person.id))
        return browser

    return signed_in


@pytest.fixture
def mailbox(mailbox_server: Mailbox) -> Mailbox:
    """The mails that really arrived over SMTP during this test."""
    mailbox_server.clear()
    return mailbox_server


@pytest.fixture
def clock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "clock-offset"
    path.write_text("0")
    monkeypatch.setenv("CLOCK_OFFSET_FILE", str(path))
    return path


@pytest.fixture
def set_clock(clock_file: Path) -> Callable[[datetime], None]:
    """Move business time to an instant; it goes on running from there."""

    def move(to: datetime) -> None:
        offset = to.astimezone(UTC) - clock.machine_now()
        clock_file.write_text(str(offset.total_seconds()))

    return move


@pytest.fixture
def drain(app: object) -> Callable[[], int]:
    """Do all jobs that are due, as relay and worker would, in this process; how many were done."""
    from tests.jobs import drain_jobs  # noqa: PLC0415 - needs the environment

    def work() -> int:
        with app.app_context():  # type: ignore[attr-defined]
            return drain_jobs()

    return lambda: elsewhere(work)


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """The process that plays Stripe, for the whole run."""
    running = StandIn(Gate(), tmp_path_factory.mktemp("standin"))
    yield running
    running.stop()


@pytest.fixture
def stripe(app: Flask, standin: StandIn) -> StandIn:
    """Stripe, as far as the app can tell; its webhooks wait for `stripe.deliver()`."""
    standin.fresh()

    def receive(body: bytes, signature: str) -> int:
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        return app.test_client().post("/stripe/webhook", data=body, headers=headers).status_code

    standin.receive = standin.usual = receive
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], stripe_api_base=standin.base)
    app.config["STRIPE_API_BASE"] = standin.base
    return standin


@pytest.fixture(scope="session")
def past() -> Past:
    return Past()


@pytest.fixture
def steps(
    request: pytest.FixtureRequest,
    app: Flask,
    kept_database: databases.Kept,
    clock_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    past: Past,
) -> Steps:
    """What the test has in common with others is done once."""
    further: dict[str, Callable[[Any], Part]] = {
        "client": Cookies,
        "mailbox": Mails,
        "stripe": AtStripe,
    }
    names = [name for name in further if name in request.fixturenames]
    parts: list[Part] = [OurRows(kept_database), OurClock(clock_file), Replaced(monkeypatch)]
    parts += [further[name](request.getfixturevalue(name)) for name in names]
    return Steps(past, parts, lambda: (*names, repr(app.config["SETTINGS"]))).begin()
