"""What signing in leaves behind goes when it has lapsed, and not before."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from webapp import clock
from webapp.accounts.models import SignInAttempt, SignInLink, WebSession
from webapp.accounts.sessions import ABSOLUTE, IDLE
from webapp.db import session, transaction
from workers import plan

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def sweep_twice() -> None:
    for _ in range(2):
        with transaction():
            plan.PLANNERS["accounts.sweep"]()


def browser(name: str, seen_at: datetime, expires_at: datetime) -> None:
    session.add(WebSession(token_hash=name.encode(), data="{}", created_at=seen_at,
                           seen_at=seen_at, expires_at=expires_at))  # fmt: skip


def test_sessions_go_when_expired_or_idle(app: object) -> None:
    now = clock.machine_now()
    browser("in use", now - IDLE + MINUTE, now + MINUTE)
    browser("idle", now - IDLE - MINUTE, now + DAY)
    browser("expired", now - MINUTE, now - MINUTE)
    session.commit()
    sweep_twice()
    assert list(session.scalars(select(WebSession.token_hash))) == [b"in use"]


def test_attempts_go_after_a_day(app: object) -> None:
    now = clock.machine_now()
    for email, at in (("new@x.example", now - DAY + MINUTE), ("old@x.example", now - DAY - MINUTE)):
        session.add(SignInAttempt(at=at, kind="password", email=email, address="192.0.2.1"))
    session.commit()
    sweep_twice()
    assert list(session.scalars(select(SignInAttempt.email))) == ["new@x.example"]


def test_links_never_used_go_a_month_after_their_end(app: object) -> None:
    person, now = make.person(), clock.machine_now()
    for name, days, used in ((b"usable", -1, False), (b"late", 29, False), (b"used", 31, True),
                             (b"gone", 31, False)):  # fmt: skip
        session.add(SignInLink(person=person, token_hash=name, expires_at=now - days * DAY,
                               used_at=now if used else None))  # fmt: skip
    session.commit()
    sweep_twice()
    assert set(session.scalars(select(SignInLink.token_hash))) == {b"usable", b"late", b"used"}


def test_a_sweep_goes_by_machine_time(client: FlaskClient, set_clock) -> None:  # type: ignore[no-untyped-def]
    browser("in use", clock.machine_now(), clock.machine_now() + ABSOLUTE)
    session.commit()
    set_clock(clock.machine_now() + 365 * DAY)
    sweep_twice()
    assert list(session.scalars(select(WebSession.token_hash))) == [b"in use"]
