"""Microsoft accounts, against a stand-in that speaks the documented protocol and checks calls."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.accounts_elsewhere.issuer import CLIENT_ID, CLIENT_SECRET
from tests.accounts_elsewhere.microsoft import BASE_PATH, HOLIDAYS, OWN, MicrosoftStandIn
from tests.booking.elsewhere_calendars import PAGE, account_of, calendar_named, catch_up, choose
from tests.booking.google.conftest import file_of
from tests.booking.meetings import NOON, booked
from tests.booking.rows import at
from tests.standin import path_of, visible
from webapp.accounts.models import Person
from webapp.booking.models import open_slots
from webapp.booking.outside.clouds import microsoft, oauth
from webapp.booking.outside.clouds.microsoft import Microsoft, plain_uid
from webapp.booking.outside.fetch.errands import OnErrands
from webapp.booking.outside.models import OutsideAccount, OutsideBusy
from webapp.booking.outside.provider import Connection, OutsideRefused, OutsideUnreachable
from webapp.booking.outside.sealing import unseal
from webapp.catalog.models import Consultant
from webapp.db import session

SignIn = Callable[[Person], FlaskClient]
Drain = Callable[[], int]
WINDOW = at(1, 0), datetime(2027, 1, 1, tzinfo=UTC)
BACK = "/calendar/connections/microsoft/return"

pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[MicrosoftStandIn]:
    """Microsoft as far as the app can tell; its refresh tokens work once."""
    before = app.config["SETTINGS"]
    running = MicrosoftStandIn(before.base_url + BACK)
    url = running.served.url
    issuer = replace(oauth.MICROSOFT, authorize=f"{url}/consent", token=f"{url}/token")
    monkeypatch.setitem(oauth.ISSUERS, "microsoft", issuer)
    monkeypatch.setattr(microsoft, "MICROSOFT", issuer)
    monkeypatch.setattr(microsoft, "BASE", url + BASE_PATH)
    app.config["SETTINGS"] = replace(
        before, private_calendar_hosts=(running.served.host,),
        microsoft_client_id=CLIENT_ID, microsoft_client_secret=CLIENT_SECRET,
    )  # fmt: skip
    yield running
    app.config["SETTINGS"] = before
    running.served.stop()


@pytest.fixture
def account(server: MicrosoftStandIn, browser: FlaskClient, dana: Consultant) -> OutsideAccount:
    """Connected, its own calendar read and written."""
    sent = browser.post(f"{PAGE}/microsoft/consent")
    browser.get(path_of(server.issuer.consent(sent.headers["Location"])))
    choose(browser, account_of(dana), ["Calendar"], "Calendar")
    return account_of(dana)


@pytest.fixture
def calendar(account: OutsideAccount) -> OnErrands:
    return spoken_to(account)


def spoken_to(account: OutsideAccount, address: str = OWN) -> OnErrands:
    secret, zone = unseal(account.secret), "Europe/London"
    return OnErrands(Microsoft, Connection(uuid.uuid4(), "microsoft", address, "", zone, secret))


def test_an_account_is_connected_and_lists_its_calendars(
    account: OutsideAccount, browser: FlaskClient
) -> None:
    assert account.username == "dana@example.com"
    found = [(one["name"], one["writable"]) for one in account.found]
    assert found == [("Calendar", True), ("Holidays", False)]
    assert "dana@example.com" in visible(browser.get(PAGE).text)


def test_busy_time_is_what_takes_time(server: MicrosoftStandIn, calendar: OnErrands) -> None:
    """Over several pages, each named by the one before."""
    server.add("2026-12-03T09:00:00", "2026-12-03T10:00:00")
    server.add("2026-12-04T00:00:00", "2026-12-05T00:00:00", isAllDay=True, showAs="oof")
    for number, hidden in enumerate((
        {"showAs": "free"}, {"showAs": "workingElsewhere"}, {"isCancelled": True},
        {"responseStatus": {"response": "declined"}},
    )):  # fmt: skip
        server.add(f"2026-12-0{number + 5}T09:00:00", f"2026-12-0{number + 5}T10:00:00", **hidden)
    server.add("2026-12-09T09:00:00", "2026-12-09T10:00:00", showAs="tentative")
    server.add("2027-12-09T09:00:00", "2027-12-09T10:00:00")
    assert [one[1:] for one in calendar.read(*WINDOW, {}).busy] == [
        (at(3, 9), at(3, 10)), (at(4, 0), at(5, 0)), (at(9, 9), at(9, 10)),
    ]  # fmt: skip


def test_the_uid_of_an_invitation_from_elsewhere_is_unpacked() -> None:
    foreign = "31b1c9b8-7d2d-4d6a-9c7e-1e6b0a8a6a11"
    packed = b"\x04\x00\x00\x00\x82\x00\xe0\x00" + b"\0" * 28 + b"vCal-Uid\x01\x00\x00\x00"
    assert plain_uid((packed + foreign.encode() + b"\0").hex().upper()) == foreign
    assert plain_uid("040000008200E00074C5B7101A82E008") == "040000008200E00074C5B7101A82E008"
    assert plain_uid("someone@example.com") == "someone@example.com"


def test_an_event_is_made_changed_and_removed(
    server: MicrosoftStandIn, calendar: OnErrands
) -> None:
    tag = calendar.write("uid-1", file_of(at(3, 10)), None)
    [event] = server.live()
    assert (event["subject"], event["showAs"]) == ("Monthly review", "busy")
    assert event["start"] == {"dateTime": "2026-12-03T10:00:00", "timeZone": "UTC"}
    [busy] = calendar.read(*WINDOW, {}).busy
    assert busy == ("uid-1", at(3, 10), at(3, 11))
    tag = calendar.write("uid-1", file_of(at(4, 10)), tag)
    [event] = server.live()
    assert event["start"]["dateTime"] == "2026-12-04T10:00:00"
    calendar.remove("uid-1", tag)
    calendar.remove("uid-1", tag)
    assert server.live() == []


def test_an_event_written_twice_is_there_once(
    server: MicrosoftStandIn, calendar: OnErrands
) -> None:
    calendar.write("uid-1", file_of(at(3, 10)), None)
    calendar.write("uid-1", file_of(at(4, 10)), None)
    [event] = server.live()
    assert event["start"]["dateTime"] == "2026-12-04T10:00:00"


def test_an_event_that_cannot_be_searched_for_yet_is_still_made_once(
    server: MicrosoftStandIn, calendar: OnErrands
) -> None:
    """Its transactionId tells; a later try, when the index has caught up, finds it."""
    calendar.write("uid-1", file_of(at(3, 10)), None)
    server.searchable = False
    with pytest.raises(OutsideUnreachable):
        calendar.write("uid-1", file_of(at(4, 10)), None)
    server.searchable = True
    calendar.write("uid-1", file_of(at(4, 10)), None)
    [event] = server.live()
    assert event["start"]["dateTime"] == "2026-12-04T10:00:00"


def test_an_event_that_was_edited_or_deleted_there_is_put_right(
    server: MicrosoftStandIn, calendar: OnErrands
) -> None:
    tag = calendar.write("uid-1", file_of(at(3, 10)), None)
    server.change(server.live()[0], subject="Lunch")
    tag = calendar.write("uid-1", file_of(at(3, 10)), tag)
    assert [one["subject"] for one in server.live()] == ["Monthly review"]
    server.forget(server.live()[0])
    tag = calendar.write("uid-1", file_of(at(3, 10)), tag)
    assert [one["subject"] for one in server.live()] == ["Monthly review"]
    server.change(server.live()[0], subject="Lunch")
    calendar.remove("uid-1", tag)
    assert server.live() == []


def test_limits_and_refusals_are_told_apart(
    server: MicrosoftStandIn, account: OutsideAccount, calendar: OnErrands
) -> None:
    server.issuer.out_of_order.append((429, {}, {"Retry-After": "30"}))
    with pytest.raises(OutsideUnreachable) as limit:
        calendar.read(*WINDOW, {})
    assert limit.value.seconds == 30
    with pytest.raises(OutsideRefused):
        spoken_to(account, HOLIDAYS).write("uid-1", file_of(at(3, 10)), None)
    with pytest.raises(OutsideRefused):
        spoken_to(account, "gone").read(*WINDOW, {})


def test_the_token_goes_nowhere_but_to_graph(server: MicrosoftStandIn, calendar: OnErrands) -> None:
    page = {"value": [], "@odata.nextLink": "https://elsewhere.example.com/v1.0/more"}
    server.issuer.out_of_order.append((200, page, {}))
    with pytest.raises(OutsideUnreachable, match="not its own"):
        calendar.read(*WINDOW, {})


def test_meetings_are_copied_with_tokens_that_change_with_each_use(
    server: MicrosoftStandIn, account: OutsideAccount, browser: FlaskClient, dana: Consultant,
    drain: Drain,
) -> None:  # fmt: skip
    server.add("2026-12-03T10:00:00", "2026-12-03T11:00:00")
    server.issuer.expire()
    catch_up(drain)
    assert at(3, 10) not in open_slots([dana.id], at(3, 0), at(3, 23), 60)[dana.id]
    review = booked(engagement=make.engagement(consultant=dana))
    server.issuer.expire()
    catch_up(drain)
    [copy] = [one for one in server.live() if one.get("subject")]
    assert copy["start"]["dateTime"] == f"{NOON:%Y-%m-%dT%H:%M:%S}"
    calendar_named("Calendar").tried_at = None
    session.commit()
    server.issuer.expire()
    catch_up(drain)
    assert calendar_named("Calendar").problem == ""
    [taken] = session.scalars(select(OutsideBusy)).all()
    assert taken.starts_at == at(3, 10), "our own copy takes no time"

    review.cancel("not needed")
    session.commit()
    catch_up(drain)
    assert [one.get("subject") for one in server.live()] == [None]
    browser.post(f"{PAGE}/accounts/{account.id}/removal", data={"with_copies": "y"})
    catch_up(drain)
    assert session.scalars(select(OutsideAccount)).all() == []
