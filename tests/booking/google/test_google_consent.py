"""Consent is asked for, given once, and its tokens are kept fresh."""

from __future__ import annotations

import json
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.accounts_elsewhere.google import OWN, GoogleStandIn
from tests.accounts_elsewhere.issuer import CLIENT_SECRET
from tests.booking.elsewhere_calendars import (
    PAGE,
    account_of,
    catch_up,
)
from tests.booking.google.conftest import (
    WINDOW,
    Drain,
    SignIn,
    asked,
    calls,
)
from tests.standin import path_of, visible
from webapp.audit import AuditEvent
from webapp.booking.outside.clouds.google import Google
from webapp.booking.outside.fetch.errands import OnErrands
from webapp.booking.outside.models import OutsideAccount
from webapp.booking.outside.provider import Connection
from webapp.booking.outside.sealing import unseal
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")

# -- consent ---------------------------------------------------------------------------------------


def test_consent_is_asked_with_pkce_state_and_the_least_scopes(
    server: GoogleStandIn, browser: FlaskClient
) -> None:
    sent = parse_qs(urlsplit(asked(browser)).query)
    assert sent["redirect_uri"] == [server.issuer.redirect]
    assert sent["access_type"] == ["offline"]
    assert sent["code_challenge_method"] == ["S256"]
    assert len(sent["state"][0]) >= 40
    assert set(sent["scope"][0].split()) == server.issuer.scopes
    assert CLIENT_SECRET not in str(sent)


def test_an_account_is_connected_and_lists_its_calendars(
    server: GoogleStandIn, browser: FlaskClient, dana: Consultant
) -> None:
    back = browser.get(path_of(server.issuer.consent(asked(browser))))
    assert back.status_code == 303
    page = visible(browser.get(back.headers["Location"]).text)
    assert OWN in page and "Team" in page
    found = account_of(dana).found
    assert [(one["name"], one["writable"]) for one in found] == [("Dana", True), ("Team", False)]
    assert "refresh" not in account_of(dana).secret


def test_a_return_counts_once(
    server: GoogleStandIn, browser: FlaskClient, dana: Consultant
) -> None:
    back = path_of(server.issuer.consent(asked(browser)))
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 400
    assert refusals() == 1


def test_a_return_with_another_state_or_in_another_browser_is_refused_and_audited(
    server: GoogleStandIn, browser: FlaskClient, sign_in: SignIn, dana: Consultant
) -> None:
    back = path_of(server.issuer.consent(asked(browser)))
    assert sign_in(dana.person).get(back).status_code == 400
    assert browser.get(back.replace("state=", "state=x")).status_code == 400
    assert browser.get(back).status_code == 400, "a refused return uses the state up"
    assert refusals() == 3
    assert session.scalars(select(OutsideAccount)).all() == []


def refusals() -> int:
    session.rollback()
    refused = select(AuditEvent).where(AuditEvent.action == "calendar.consent_refused")
    return len(session.scalars(refused).all())


def test_a_person_who_says_no_is_told_that_nothing_is_connected(
    server: GoogleStandIn, browser: FlaskClient
) -> None:
    answer = browser.get(path_of(server.issuer.refuse(asked(browser))), follow_redirects=True)
    assert "Google was not connected" in visible(answer.text)
    assert session.scalars(select(OutsideAccount)).all() == []


def test_a_permission_that_was_unticked_is_asked_for_again(
    server: GoogleStandIn, browser: FlaskClient
) -> None:
    back = server.issuer.consent(asked(browser), untick="events.owned")
    answer = browser.get(path_of(back), follow_redirects=True)
    assert "did not give all the permissions" in visible(answer.text)
    assert session.scalars(select(OutsideAccount)).all() == []


def test_without_a_registration_there_is_no_button_and_no_way(
    app: Flask, browser: FlaskClient
) -> None:
    assert "Connect Google" not in visible(browser.get(PAGE).text)
    assert browser.post(f"{PAGE}/google/consent").status_code == 404
    assert browser.post(f"{PAGE}/elsewhere/consent").status_code == 404


# -- tokens ----------------------------------------------------------------------------------------


def test_a_token_that_ran_out_is_renewed_on_the_way(
    server: GoogleStandIn, calendar: OnErrands
) -> None:
    before = calendar.secret
    server.issuer.expire()
    calendar.read(*WINDOW, {})
    assert calendar.secret != before
    assert json.loads(calendar.secret)["refresh_token"] == json.loads(before)["refresh_token"]


def test_a_token_about_to_run_out_is_renewed_before_it_is_sent(
    server: GoogleStandIn, account: OutsideAccount
) -> None:
    old = json.loads(unseal(account.secret)) | {"expires_at": 1}
    speaking = OnErrands(
        Google, Connection(uuid.uuid4(), "google", OWN, "", "Europe/London", json.dumps(old))
    )
    server.issuer.calls.clear()
    speaking.read(*WINDOW, {})
    assert calls(server, "POST") == ["/token"]


def test_refresh_tokens_that_change_with_each_use_are_kept(
    server: GoogleStandIn, account: OutsideAccount, browser: FlaskClient, dana: Consultant,
    drain: Drain,
) -> None:  # fmt: skip
    server.issuer.rotates = True
    for _ in range(3):
        server.issuer.expire()
        for calendar in account_of(dana).calendars:
            calendar.tried_at, calendar.validators = None, {}
        session.commit()
        catch_up(drain)
        assert [one.problem for one in account_of(dana).calendars] == ["", ""]


def test_access_that_was_withdrawn_is_told_on_the_page(
    server: GoogleStandIn, account: OutsideAccount, browser: FlaskClient, drain: Drain
) -> None:
    server.issuer.withdraw()
    catch_up(drain)
    assert "was withdrawn or has run out" in visible(browser.get(PAGE).text)
