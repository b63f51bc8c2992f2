"""A Google account of the consultant's, and Google as far as the app can tell."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts_elsewhere.google import BASE_PATH, OWN, GoogleStandIn
from tests.accounts_elsewhere.issuer import CLIENT_ID, CLIENT_SECRET
from tests.booking.elsewhere_calendars import (
    PAGE,
    account_of,
    choose,
)
from tests.booking.rows import at
from tests.standin import path_of
from webapp.accounts.models import Person
from webapp.booking.outside.clouds import google, oauth
from webapp.booking.outside.clouds.google import Google
from webapp.booking.outside.fetch.errands import OnErrands
from webapp.booking.outside.models import OutsideAccount
from webapp.booking.outside.provider import Connection
from webapp.booking.outside.sealing import unseal
from webapp.catalog.models import Consultant

SignIn = Callable[[Person], FlaskClient]
Drain = Callable[[], int]
WINDOW = at(1, 0), datetime(2027, 1, 1, tzinfo=UTC)
BACK = "/calendar/connections/google/return"


@pytest.fixture
def server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleStandIn]:
    """Google as far as the app can tell."""
    before = app.config["SETTINGS"]
    running = GoogleStandIn(before.base_url + BACK)
    url = running.served.url
    issuer = replace(oauth.GOOGLE, authorize=f"{url}/consent", token=f"{url}/token",
                     revoke=f"{url}/revoke")  # fmt: skip
    monkeypatch.setitem(oauth.ISSUERS, "google", issuer)
    monkeypatch.setattr(google, "GOOGLE", issuer)
    monkeypatch.setattr(google, "BASE", url + BASE_PATH)
    app.config["SETTINGS"] = replace(
        before, private_calendar_hosts=(running.served.host,),
        google_client_id=CLIENT_ID, google_client_secret=CLIENT_SECRET,
    )  # fmt: skip
    yield running
    app.config["SETTINGS"] = before
    running.served.stop()


@pytest.fixture
def account(server: GoogleStandIn, browser: FlaskClient, dana: Consultant) -> OutsideAccount:
    """Connected, its own calendar read and written, the team's read."""
    browser.get(path_of(server.issuer.consent(asked(browser))))
    choose(browser, account_of(dana), ["Dana", "Team"], "Dana")
    return account_of(dana)


@pytest.fixture
def calendar(account: OutsideAccount) -> OnErrands:
    """Dana's own calendar there, as a job speaks to it."""
    return spoken_to(account)


def spoken_to(account: OutsideAccount, address: str = OWN) -> OnErrands:
    secret = unseal(account.secret)
    zone = "Europe/London"
    return OnErrands(Google, Connection(uuid.uuid4(), "google", address, "", zone, secret))


def asked(browser: FlaskClient) -> str:
    """The address of the consent page that we send the person to."""
    answer = browser.post(f"{PAGE}/google/consent")
    assert answer.status_code == 303
    return answer.headers["Location"]


def file_of(start: datetime, uid: str = "11111111-aaaa") -> bytes:
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:{uid}\r\nDTSTAMP:20261101T000000Z\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\n"
        f"DTEND:{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}\r\nSUMMARY:Monthly review\r\n"
        "LOCATION:Room\\, upstairs\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


def calls(server: GoogleStandIn, method: str) -> list[str]:
    return [path for verb, path in server.issuer.calls if verb == method]
