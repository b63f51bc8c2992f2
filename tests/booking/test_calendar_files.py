"""Calendar files and the private feed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar

from tests import make
from tests.booking.rows import at
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.booking.files import calendar_files
from webapp.booking.models import Booking, CalendarFeed
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
ZONE = "America/New_York"


@pytest.fixture
def meeting(app: object) -> Booking:
    engagement = make.engagement()
    client = make.person(make.Role.LEADER, company=engagement.company, name='Zoë; "Z", Quint\\n')
    lead = engagement.hold.consultant
    return Booking.schedule(
        "review", engagement.id, [lead], at(3, 10), 60, ZONE,
        "Review, with; odd\\signs\r\nBEGIN:VEVENT", "https://meet.example.com/a?b=1,2",
        [(client, "client"), (lead.person, "consultant")],
    )  # fmt: skip


def lead_of(meeting: Booking) -> Person:
    return meeting.people("consultant")[0]


def test_each_side_reads_whom_it_meets(meeting: Booking) -> None:
    [client], [lead] = meeting.people("client"), meeting.people("consultant")
    company = client.memberships[0].company
    assert company is not None
    assert meeting.title_for(client) == f"Monthly review with {lead.name}"
    assert meeting.title_for(lead) == f"Monthly review with {company.name}"
    for reader, other in ((client, lead.name), (lead, company.name)):
        file = Calendar.from_ical(calendar_files.invitation(meeting, "REQUEST", reader))
        [event] = file.walk("VEVENT")
        assert str(event["summary"]) == f"Monthly review with {other}"


def test_who_does_not_attend_reads_what_their_side_reads(meeting: Booking) -> None:
    [client], [lead] = meeting.people("client"), meeting.people("consultant")
    observer = make.person(make.Role.OBSERVER, company=client.memberships[0].company)
    coordinator = make.person(make.Role.COORDINATOR)
    assert meeting.title_for(observer) == meeting.title_for(client)
    assert meeting.title_for(coordinator) == meeting.title_for(lead)


def test_request_says_who_when_where(meeting: Booking) -> None:
    file = Calendar.from_ical(calendar_files.invitation(meeting, "REQUEST", lead_of(meeting)))
    [event] = file.walk("VEVENT")
    [zone] = file.walk("VTIMEZONE")
    assert file["method"] == "REQUEST"
    assert event["dtstart"].params["TZID"] == ZONE == str(zone["tzid"])
    assert event.decoded("dtstart") == at(3, 10)
    assert event.decoded("dtend") == at(3, 11)
    assert str(event["organizer"]).lower() == "mailto:hello@righthand.example.com"
    assert {str(who).lower() for who in event["attendee"]} == {
        f"mailto:{attendee.person.email}" for attendee in meeting.attendees
    }
    assert str(event["location"]) == "https://meet.example.com/a?b=1,2"
    assert event["sequence"] == 0 and event.walk("VALARM")


def test_hostile_titles_stay_text(meeting: Booking) -> None:
    written = calendar_files.invitation(meeting, "REQUEST", lead_of(meeting))
    assert written.count(b"\r\nBEGIN:VEVENT") == 1
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))


def test_unknown_method_is_an_error(meeting: Booking) -> None:
    with pytest.raises(ValueError, match="PUBLISH"):
        calendar_files.invitation(meeting, "PUBLISH", lead_of(meeting))


@pytest.fixture
def feed(meeting: Booking) -> CalendarFeed:
    made = make.saved(CalendarFeed(person_id=meeting.attendees[0].person_id))
    session.commit()
    return made  # type: ignore[no-any-return]


def test_feed_is_read_by_token_and_answers_304_when_unchanged(
    client: FlaskClient, feed: CalendarFeed, meeting: Booking
) -> None:
    first = client.get(f"/calendar/{feed.token}.ics")
    assert first.mimetype == "text/calendar"
    [event] = Calendar.from_ical(first.data).walk("VEVENT")
    assert str(event["uid"]) == meeting.uid
    again = client.get(
        f"/calendar/{feed.token}.ics", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304 and again.data == b""
    meeting.move(at(4, 10))
    session.commit()
    moved = client.get(
        f"/calendar/{feed.token}.ics", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert moved.status_code == 200


def test_feed_shows_ninety_days_back(
    client: FlaskClient, feed: CalendarFeed, set_clock: Callable[..., None]
) -> None:
    set_clock(at(2, 10, month=3).replace(year=2027))
    assert b"VEVENT" in client.get(f"/calendar/{feed.token}.ics").data
    set_clock(at(5, 10, month=3).replace(year=2027))
    assert b"VEVENT" not in client.get(f"/calendar/{feed.token}.ics").data


def test_a_called_off_meeting_stays_in_the_feed_as_such(
    client: FlaskClient, feed: CalendarFeed, meeting: Booking
) -> None:
    meeting.cancel("off")
    session.commit()
    [event] = Calendar.from_ical(client.get(f"/calendar/{feed.token}.ics").data).walk("VEVENT")
    assert event["status"] == "CANCELLED"


def test_wrong_token_is_refused_and_audited(client: FlaskClient, feed: CalendarFeed) -> None:
    assert client.get(f"/calendar/{feed.token}x.ics").status_code == 404
    assert session.query(AuditEvent).filter_by(action="link.refused").count() == 1


def test_feed_of_a_disabled_person_is_closed(client: FlaskClient, feed: CalendarFeed) -> None:
    feed.person.active = False
    session.commit()
    assert client.get(f"/calendar/{feed.token}.ics").status_code == 404


def test_looking_makes_no_address_and_renewing_ends_the_old(
    sign_in: Callable[[Person], FlaskClient], client: FlaskClient, meeting: Booking
) -> None:
    person = meeting.attendees[0].person
    browser = sign_in(person)
    assert b"Make the address" in browser.get("/calendar").data
    assert session.get(CalendarFeed, person.id) is None
    browser.post("/calendar/address")
    old = session.get_one(CalendarFeed, person.id).token
    assert old.encode() in browser.get("/calendar").data
    browser.post("/calendar/address")
    session.expire_all()
    assert session.get_one(CalendarFeed, person.id).token != old
    assert client.get(f"/calendar/{old}.ics").status_code == 404


def test_meeting_file_is_for_attendees_only(
    sign_in: Callable[[Person], FlaskClient], meeting: Booking
) -> None:
    url = f"/meetings/{meeting.id}.ics"
    got = sign_in(meeting.attendees[0].person).get(url)
    assert got.status_code == 200 and meeting.uid.encode() in got.data
    stranger = make.person(make.Role.SPONSOR, company=make.company())
    assert sign_in(stranger).get(url).status_code == 404
