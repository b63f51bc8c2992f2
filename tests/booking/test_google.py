"""Google accounts, against a stand-in that speaks the documented protocol and checks each call."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.accounts_elsewhere.google import BASE_PATH, OWN, SHARED, GoogleStandIn
from tests.accounts_elsewhere.issuer import CLIENT_ID, CLIENT_SECRET
from tests.booking.elsewhere_calendars import (
    PAGE,
    account_of,
    calendar_named,
    catch_up,
    choose,
    copies_kept,
)
from tests.booking.meetings import NOON, booked
from tests.booking.rows import at
from tests.standin import path_of, visible
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.booking.models import Booking, open_slots
from webapp.booking.outside.clouds import google, oauth
from webapp.booking.outside.clouds.google import Google
from webapp.booking.outside.fetch.errands import OnErrands
from webapp.booking.outside.models import OutsideAccount, OutsideBusy
from webapp.booking.outside.provider import Connection, OutsideRefused, OutsideUnreachable
from webapp.booking.outside.sealing import unseal
from webapp.catalog.models import Consultant
from webapp.db import session

SignIn = Callable[[Person], FlaskClient]
Drain = Callable[[], int]
WINDOW = at(1, 0), datetime(2027, 1, 1, tzinfo=UTC)
BACK = "/calendar/connections/google/return"

pytestmark = pytest.mark.usefixtures("today")


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
def dana(app: Flask) -> Consultant:
    return make.consultant()


@pytest.fixture
def browser(sign_in: SignIn, dana: Consultant) -> FlaskClient:
    return sign_in(dana.person)


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


# -- reading ---------------------------------------------------------------------------------------


def test_busy_time_is_what_takes_time(server: GoogleStandIn, calendar: OnErrands) -> None:
    server.add("2026-12-03T10:00:00+01:00", "2026-12-03T11:00:00+01:00")
    server.add("2026-12-04", "2026-12-05")
    server.add("2026-12-05T10:00:00Z", "2026-12-05T11:00:00Z", transparency="transparent")
    server.add("2026-12-06T10:00:00Z", "2026-12-06T11:00:00Z", status="cancelled")
    server.add("2026-12-07T10:00:00Z", "2026-12-07T11:00:00Z", eventType="workingLocation")
    declined = [{"self": True, "responseStatus": "declined"}]
    server.add("2026-12-08T10:00:00Z", "2026-12-08T11:00:00Z", attendees=declined)
    server.add("2026-12-09T10:00:00Z", "2026-12-09T11:00:00Z", status="tentative")
    server.add("2027-12-09T10:00:00Z", "2027-12-09T11:00:00Z")
    busy = calendar.read(*WINDOW, {}).busy
    assert [one[1:] for one in busy] == [
        (at(3, 9), at(3, 10)), (at(4, 0), at(5, 0)), (at(9, 10), at(9, 11)),
    ]  # fmt: skip


def test_a_second_reading_asks_only_whether_anything_changed(
    server: GoogleStandIn, calendar: OnErrands
) -> None:
    event = server.add("2026-12-03T10:00:00Z", "2026-12-03T11:00:00Z")
    first = calendar.read(*WINDOW, {})
    again = calendar.read(*WINDOW, first.validators)
    assert again.unchanged and again.validators != first.validators
    server.change(event, start={"dateTime": "2026-12-03T12:00:00Z"},
                  end={"dateTime": "2026-12-03T13:00:00Z"})  # fmt: skip
    changed = calendar.read(*WINDOW, again.validators)
    assert [one.starts_at for one in changed.busy] == [at(3, 12)]


def test_a_sync_token_that_has_run_out_is_followed_by_a_whole_reading(
    server: GoogleStandIn, calendar: OnErrands
) -> None:
    server.add("2026-12-03T10:00:00Z", "2026-12-03T11:00:00Z")
    old = {"syncToken": "old", "zone": "Europe/London"}
    assert len(calendar.read(*WINDOW, old).busy) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "seconds"),
    [
        ((429, {}, {"Retry-After": "77"}), OutsideUnreachable, 77),
        ((503, {}, {}), OutsideUnreachable, 0),
        ((403, {"error": {"errors": [{"reason": "rateLimitExceeded"}]}}, {}),
         OutsideUnreachable, 0),
        ((403, {"error": {"errors": [{"reason": "forbidden"}]}}, {}), OutsideRefused, None),
        ((404, {}, {}), OutsideRefused, None),
    ],
)  # fmt: skip
def test_refusals_and_limits_are_told_apart(
    server: GoogleStandIn, calendar: OnErrands, kind: type[Exception], seconds: int | None,
    answer: tuple[int, dict[str, object], dict[str, str]],
) -> None:  # fmt: skip
    server.issuer.out_of_order.append(answer)
    with pytest.raises(kind) as refused:
        calendar.read(*WINDOW, {})
    assert getattr(refused.value, "seconds", None) == seconds


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


# -- writing ---------------------------------------------------------------------------------------


def test_an_event_is_made_changed_and_removed(server: GoogleStandIn, calendar: OnErrands) -> None:
    tag = calendar.write("uid-1", file_of(at(3, 10)), None)
    [event] = server.live()
    assert (event["iCalUID"], event["summary"]) == ("uid-1", "Monthly review")
    assert event["location"] == "Room, upstairs"
    assert event["start"] == {"dateTime": "2026-12-03T10:00:00Z", "timeZone": "UTC"}
    tag = calendar.write("uid-1", file_of(at(4, 10)), tag)
    [event] = server.live()
    assert event["start"]["dateTime"] == "2026-12-04T10:00:00Z"
    calendar.remove("uid-1", tag)
    assert server.live() == []
    calendar.remove("uid-1", tag)


def test_an_event_written_twice_is_there_once(server: GoogleStandIn, calendar: OnErrands) -> None:
    calendar.write("uid-1", file_of(at(3, 10)), None)
    calendar.write("uid-1", file_of(at(4, 10)), None)
    [event] = server.live()
    assert event["start"]["dateTime"] == "2026-12-04T10:00:00Z"


def test_an_event_that_was_edited_or_deleted_there_is_put_right(
    server: GoogleStandIn, calendar: OnErrands
) -> None:
    tag = calendar.write("uid-1", file_of(at(3, 10)), None)
    server.change(server.live()[0], summary="Lunch")
    tag = calendar.write("uid-1", file_of(at(3, 10)), tag)
    assert [one["summary"] for one in server.live()] == ["Monthly review"]
    server.change(server.live()[0], status="cancelled")
    tag = calendar.write("uid-1", file_of(at(3, 10)), tag)
    assert [one["iCalUID"] for one in server.live()] == ["uid-1"]
    server.change(server.live()[0], summary="Lunch")
    calendar.remove("uid-1", tag)
    assert server.live() == []


def test_an_invitation_taken_from_our_mail_is_left_to_the_mails(
    server: GoogleStandIn, calendar: OnErrands
) -> None:
    ours = {"iCalUID": "uid-1", "organizer": {"email": "hello@righthand.example.com"}}
    ours["organizer"]["self"] = False
    server.add("2026-12-03T10:00:00Z", "2026-12-03T11:00:00Z", **ours)
    tag = calendar.write("uid-1", file_of(at(3, 10)), None)
    calendar.remove("uid-1", tag.split(" ")[0] + ' "0"')
    assert len(server.live()) == 1 and calls(server, "PUT") == []


def test_a_calendar_that_is_only_shared_is_not_offered_for_writing(
    server: GoogleStandIn, account: OutsideAccount, browser: FlaskClient
) -> None:
    sent = {"read": [OWN], "write": SHARED}
    assert browser.post(f"{PAGE}/accounts/{account.id}", data=sent).status_code == 422
    with pytest.raises(OutsideRefused):
        spoken_to(account, SHARED).write("uid-1", file_of(at(3, 10)), None)


# -- the whole walk --------------------------------------------------------------------------------


def test_meetings_are_copied_and_the_access_is_given_back(
    server: GoogleStandIn, account: OutsideAccount, browser: FlaskClient, dana: Consultant,
    drain: Drain,
) -> None:  # fmt: skip
    server.add("2026-12-03T10:00:00Z", "2026-12-03T11:00:00Z", SHARED)
    catch_up(drain)
    offered = open_slots([dana.id], at(3, 0), at(3, 23), 60)[dana.id]
    assert at(3, 10) not in offered and at(3, 12) in offered

    review: Booking = booked(engagement=make.engagement(consultant=dana))
    catch_up(drain)
    [copy] = server.live()
    assert copy["iCalUID"] == review.uid
    assert datetime.fromisoformat(copy["start"]["dateTime"]) == NOON
    calendar_named("Dana").tried_at = None
    session.commit()
    catch_up(drain)
    own = select(OutsideBusy).where(OutsideBusy.calendar_id == calendar_named("Dana").id)
    assert session.scalars(own).all() == []

    review.move(at(9, 13))
    session.commit()
    catch_up(drain)
    assert [datetime.fromisoformat(one["start"]["dateTime"]) for one in server.live()] == [
        at(9, 13)
    ]

    browser.post(f"{PAGE}/accounts/{account.id}/removal", data={"with_copies": "y"})
    catch_up(drain)
    catch_up(drain)
    assert server.live() == [] and copies_kept() == []
    assert len(server.issuer.revoked) == 1 and server.issuer.refresh == {}
    assert session.scalars(select(OutsideAccount)).all() == []


def test_copies_stay_where_their_owner_wants_to_keep_them(
    server: GoogleStandIn, account: OutsideAccount, browser: FlaskClient, dana: Consultant,
    drain: Drain,
) -> None:  # fmt: skip
    catch_up(drain)
    booked(engagement=make.engagement(consultant=dana))
    catch_up(drain)
    browser.post(f"{PAGE}/accounts/{account.id}/removal", data={})
    catch_up(drain)
    assert len(server.live()) == 1
    assert session.scalars(select(OutsideAccount)).all() == []


def test_an_account_that_cannot_be_reached_is_forgotten_after_a_day_all_the_same(
    server: GoogleStandIn, account: OutsideAccount, browser: FlaskClient, dana: Consultant,
    drain: Drain, set_clock: Callable[[datetime], None],
) -> None:  # fmt: skip
    catch_up(drain)
    booked(engagement=make.engagement(consultant=dana))
    catch_up(drain)
    server.issuer.out_of_order.extend([(503, {}, {})] * 1000)
    browser.post(f"{PAGE}/accounts/{account.id}/removal", data={"with_copies": "y"})
    catch_up(drain)
    assert account_of(dana).leaving_at is not None
    assert OWN not in visible(browser.get(PAGE).text)
    set_clock(at(2, 9))
    catch_up(drain)
    assert session.scalars(select(OutsideAccount)).all() == []
