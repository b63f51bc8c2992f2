"""What is read of a Google calendar, and what is written into it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.accounts_elsewhere.google import OWN, SHARED, GoogleStandIn
from tests.booking.elsewhere_calendars import (
    PAGE,
)
from tests.booking.google.conftest import (
    WINDOW,
    calls,
    file_of,
    spoken_to,
)
from tests.booking.rows import at
from webapp.booking.outside.fetch.errands import OnErrands
from webapp.booking.outside.models import OutsideAccount
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable

pytestmark = pytest.mark.usefixtures("today")

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
