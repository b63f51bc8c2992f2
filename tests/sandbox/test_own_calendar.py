"""The calendar that the sandbox's page serves is one that the app can read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask

from sandbox.mail.store import MailStore
from sandbox.page import calendar
from webapp.booking.outside.ics.ics_file import busy_times


def test_it_takes_two_times_a_week_and_answers_conditionally(tmp_path: Path) -> None:
    page = Flask(__name__)
    page.register_blueprint(calendar.blueprint)
    page.extensions["mail_store"] = MailStore.open(tmp_path / "mail")
    browser = page.test_client()
    answer = browser.get("/calendars/own.ics")
    monday = datetime(2026, 11, 30, tzinfo=UTC)
    found = busy_times(answer.data, "Europe/London", monday, monday + timedelta(days=7))
    assert [(row.starts_at, row.ends_at - row.starts_at) for row in found] == [
        (datetime(2026, 12, 2, 12, 0, tzinfo=UTC), timedelta(minutes=90)),
        (datetime(2026, 12, 4, 8, 30, tzinfo=UTC), timedelta(minutes=60)),
    ]
    again = browser.get("/calendars/own.ics", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
