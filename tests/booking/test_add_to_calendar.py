"""Adding one meeting by hand, and the private feed over the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import vobject  # type: ignore[import-untyped]
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.booking.rows import at
from tests.counting import counting
from webapp import clock
from webapp.access import BAD_LINKS_WITHIN, MOST_BAD_LINKS, Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.booking.files import calendar_links
from webapp.booking.models import Booking, CalendarFeed
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def meeting(app: object) -> Booking:
    engagement = make.engagement()
    client = make.person(Role.LEADER, company=engagement.company, name="Ben & Co")
    lead = engagement.hold.consultant
    made = Booking.schedule(
        "review", engagement.id, [lead], at(3, 10), 60, "America/New_York", "Review",
        "https://meet.example.com/a?b=1&c=2", [(client, "client"), (lead.person, "consultant")],
    )  # fmt: skip
    session.commit()
    return made


@pytest.fixture
def feed(meeting: Booking) -> str:
    made: CalendarFeed = make.saved(CalendarFeed(person_id=meeting.people("client")[0].id))
    session.commit()
    return f"/calendar/{made.token}.ics"


def queried(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def path(address: str) -> str:
    return urlsplit(address).path


def test_forms_of_online_calendars_are_filled_in(meeting: Booking) -> None:
    [client] = meeting.people("client")
    google = queried(calendar_links.google_url(meeting, client))
    assert google["action"] == "TEMPLATE"
    assert google["dates"] == "20261203T100000Z/20261203T110000Z"
    assert google["location"] == meeting.place
    outlook = queried(calendar_links.outlook_url(meeting, client))
    assert (outlook["startdt"], outlook["enddt"]) == (
        "2026-12-03T10:00:00Z", "2026-12-03T11:00:00Z",
    )  # fmt: skip
    assert google["text"] == outlook["subject"] == meeting.title_for(client)


def test_a_file_is_had_without_signing_in_and_only_by_its_link(
    client: FlaskClient, meeting: Booking
) -> None:
    address = path(calendar_links.file_url(meeting, meeting.people("client")[0]))
    answer = client.get(address)
    assert vobject.readOne(answer.text).vevent.uid.value == meeting.uid
    assert answer.headers["Content-Disposition"] == 'attachment; filename="meeting.ics"'
    assert client.get(address.replace(".ics", "x.ics")).status_code == 404
    stranger = make.person(Role.SPONSOR, company=make.company())
    session.commit()
    assert client.get(path(calendar_links.file_url(meeting, stranger))).status_code == 404
    meeting.people("client")[0].active = False
    session.commit()
    assert client.get(address).status_code == 404


def test_what_is_off_is_not_added(meeting: Booking) -> None:
    [client] = meeting.people("client")
    assert [label for label, _ in calendar_links.links_to_add(meeting, client)] == [
        "Calendar file", "Google Calendar", "Outlook",
    ]  # fmt: skip
    meeting.cancel("off")
    assert calendar_links.links_to_add(meeting, client) == []


@pytest.mark.parametrize("form", ["html", "txt"])
def test_mails_offer_it_as_long_as_it_takes_place(app: Flask, meeting: Booking, form: str) -> None:
    [client] = meeting.people("client")
    part = app.jinja_env.get_template(f"booking/email_parts/add.{form}").module
    assert "/meetings/file/" in part.add_links(meeting, client)  # type: ignore[attr-defined]
    meeting.cancel("off")
    assert part.add_links(meeting, client).strip() == ""  # type: ignore[attr-defined]


def test_pages_offer_each_way(sign_in: SignIn, meeting: Booking) -> None:
    shown = sign_in(meeting.people("client")[0]).get(f"/meetings/{meeting.id}").text
    assert "calendar.google.com" in shown and "outlook.office.com" in shown
    assert "/meetings/file/" in shown


def test_subscribing_by_a_press(sign_in: SignIn, feed: str, meeting: Booking) -> None:
    shown = sign_in(meeting.people("client")[0]).get("/calendar").text
    assert 'href="webcal://' in shown and "addfromweb?url=http" in shown and "cid=webcal" in shown


# -- the feed --------------------------------------------------------------------------------------


def test_head_answers_as_get_without_the_body(client: FlaskClient, feed: str) -> None:
    whole, head = client.get(feed), client.head(feed)
    assert head.status_code == 200 and head.data == b"" and whole.data
    for name in ("ETag", "Content-Type", "Content-Length"):
        assert head.headers[name] == whole.headers[name], name
    again = client.head(feed, headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304


def test_a_moved_meeting_counts_on_in_the_feed(
    client: FlaskClient, feed: str, meeting: Booking
) -> None:
    before = vobject.readOne(client.get(feed).text).vevent
    meeting.move(at(4, 11))
    session.commit()
    after = vobject.readOne(client.get(feed).text).vevent
    assert (before.uid.value, after.uid.value) == (meeting.uid, meeting.uid)
    assert (before.sequence.value, after.sequence.value) == ("0", "1")
    assert after.dtstart.value == at(4, 11)


def test_a_feed_of_many_takes_no_more_queries(
    client: FlaskClient, feed: str, meeting: Booking
) -> None:
    def sent() -> int:
        with counting() as statements:
            assert client.get(feed).status_code == 200
        return len(statements)

    few = sent()
    people = [(who.person, who.side) for who in meeting.attendees]
    lead = meeting.consultants[0]
    for hour in (9, 11, 13, 15):
        Booking.schedule(
            "review", meeting.engagement_id, [lead], at(7, hour), 60, "Europe/Paris", "Review",
            "here", people,
        )  # fmt: skip
    session.commit()
    assert sent() <= few


def test_wrong_addresses_are_written_down_until_there_are_too_many(
    client: FlaskClient, feed: str, set_clock: Callable[[datetime], None]
) -> None:
    answers = {client.get(f"/calendar/wrong{n}.ics").status_code for n in range(MOST_BAD_LINKS)}
    assert answers == {404}
    assert client.get("/calendar/wrong.ics").status_code == 429
    assert client.get(feed).status_code == 200  # who shares the network with them is served
    refused = select(func.count()).where(AuditEvent.action == "link.refused")
    assert session.scalar(refused) == MOST_BAD_LINKS
    set_clock(clock.now() + BAD_LINKS_WITHIN + timedelta(minutes=1))
    assert client.get("/calendar/wrong.ics").status_code == 404
