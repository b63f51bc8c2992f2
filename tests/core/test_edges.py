"""The places where things are committed, and the settings the app refuses to start with."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import make
from tests.elsewhere import Browser
from webapp import audit, db, web
from webapp.access import Open, allow
from webapp.accounts.models import Company
from webapp.audit import AuditEvent
from webapp.config import ConfigurationError, Settings
from webapp.db import session

GOOD = {
    "DATABASE_URL": "postgresql://app@127.0.0.1/x", "REDIS_URL": "redis://127.0.0.1",
    "SECRET_KEY": "k" * 40, "BASE_URL": "https://app.example.com", "SMTP_URL": "smtp://127.0.0.1",
    "TRUSTED_HOSTS": "app.example.com", "MAIL_FROM": "hello@example.com",
    "STRIPE_API_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_a, whsec_b",
}  # fmt: skip


def companies() -> int:
    return session.scalar(select(func.count()).select_from(Company)) or 0


def test_attempt_keeps_the_intent_and_calls_with_no_transaction_open(app: Flask) -> None:
    make.company(name="intent")

    def call() -> bool:
        return session().in_transaction()

    assert db.attempt(call, lambda open_then: open_then) is False

    def breaks() -> None:
        raise ConnectionError

    make.company(name="second intent")
    with pytest.raises(ConnectionError):
        db.attempt(breaks, lambda _: None)
    session.rollback()
    assert companies() == 2


def test_what_is_put_aside_stays_when_the_rest_rolls_back(app: Flask) -> None:
    make.company()
    audit.record_refusal("tests.refused", "something")
    session.rollback()
    assert companies() == 0
    assert session.scalar(select(AuditEvent.action)) == "tests.refused"


@pytest.mark.parametrize("table", ["audit_event", "stage_change", "agreement"])
def test_history_cannot_be_rewritten(app: Flask, table: str) -> None:
    granted = session.scalar(
        select(
            func.has_table_privilege(table, "UPDATE") | func.has_table_privilege(table, "DELETE")
        )
    )
    assert granted is False


def test_good_settings_are_read() -> None:
    settings = Settings.from_environ(GOOD)
    assert settings.stripe_webhook_secrets == ("whsec_a", "whsec_b")
    assert settings.secure


@pytest.mark.parametrize(
    ("change", "said"),
    [({"SECRET_KEY": "short"}, "32 characters"), ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
     ({"TRUSTED_HOSTS": "*"}, "must name the hosts"), ({"BASE_URL": "app"}, "full address"),
     ({"RIGHTHAND_ENV": "sandbox", "STRIPE_API_KEY": "sk_live_x"}, "refuses a live"),
     ({"PROXY_HOPS": "many"}, "counts the proxies"),
     ({"PRIVATE_CALENDAR_HOSTS": "calendar.lan"}, "names each host with its port"),
     ({"GOOGLE_CLIENT_ID": "ours"}, "GOOGLE_CLIENT_SECRET go together"),
     ({"MICROSOFT_CLIENT_SECRET": "ours"}, "MICROSOFT_CLIENT_SECRET go together")],
)  # fmt: skip
def test_weak_settings_are_refused(change: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Settings.from_environ(GOOD | change)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("America/New_York", "Thu 3 December 2026, 05:00 (New York, UTC−5)"),
     ("Asia/Kolkata", "Thu 3 December 2026, 15:30 (Kolkata, UTC+5:30)"),
     ("UTC", "Thu 3 December 2026, 10:00 (UTC)")],
)  # fmt: skip
def test_a_time_is_never_shown_without_zone_and_offset(zone: str, shown: str) -> None:
    assert web.format_when(datetime.fromisoformat("2026-12-03T10:00:00+00:00"), zone) == shown


def test_readiness_is_told(client: Browser) -> None:
    assert client.get("/readyz").json["status"] == "ready"
    assert client.get("/healthz").json == {"status": "alive"}


def test_a_refused_request_leaves_nothing_behind(app: Flask) -> None:
    """Returned or raised, a 4xx rolls back; a 2xx commits."""
    assert allow(Open.ANYONE)(lambda: None).access == Open.ANYONE  # type: ignore[attr-defined]
    for status, kept in ((200, 1), (422, 1), (404, 1)):
        with app.test_request_context("/healthz"):
            app.view_functions["web.healthz"], real = (
                _writes(status),
                app.view_functions["web.healthz"],
            )
            try:
                app.dispatch_request()
            finally:
                app.view_functions["web.healthz"] = real
        assert companies() == kept, status


def _writes(status: int):  # type: ignore[no-untyped-def]
    def view():  # type: ignore[no-untyped-def]
        make.company()
        return "done", status

    return view


@pytest.mark.parametrize(
    ("method", "address", "code"),
    [("GET", "/consultants/a%00b", 404), ("GET", "/calendar/a%00b.ics", 404),
     ("GET", "/start/a%00b", 404), ("GET", "/consultants?role=%00", 400),
     ("POST", "/sign-in", 400)],
)  # fmt: skip
def test_a_nul_is_refused_calmly(client: Browser, method: str, address: str, code: int) -> None:
    form = {"email": "a\0b@example.com", "password": "x"} if method == "POST" else None
    assert client.open(address, method=method, data=form).status_code == code


def test_a_host_that_is_not_ours_is_refused_calmly(client: Browser) -> None:
    answer = client.get("/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
