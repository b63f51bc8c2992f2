"""The private feed as a calendar program sees it: over HTTP, read by another library."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import httpx
import pytest
import vobject  # type: ignore[import-untyped]
from flask import Flask
from werkzeug.serving import make_server

from tests import make
from tests.booking.rows import at
from webapp.access import Role
from webapp.booking.models import Booking, CalendarFeed
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def program(app: Flask) -> Iterator[httpx.Client]:
    """A program somewhere else, with nothing but the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        yield client
    server.shutdown()
    thread.join(5)


@pytest.fixture
def meetings(app: object) -> list[Booking]:
    engagement = make.engagement()
    client = make.person(Role.LEADER, company=engagement.company, name="Zoë Ångström")
    lead = engagement.hold.consultant
    people = [(client, "client"), (lead.person, "consultant")]
    return [
        Booking.schedule(
            "review", engagement.id, [lead], at(day, 10), 60, zone, "Review", "By phone", people
        )
        for day, zone in ((3, "America/New_York"), (4, "Europe/Berlin"), (8, "Asia/Kathmandu"))
    ]


def test_a_subscribed_feed_follows_what_happens(
    program: httpx.Client, meetings: list[Booking]
) -> None:
    made: CalendarFeed = make.saved(CalendarFeed(person_id=meetings[0].people("client")[0].id))
    address = f"/calendar/{made.token}.ics"
    moved, off, uids = meetings[0].id, meetings[1].id, {row.uid for row in meetings}
    session.commit()

    first = program.get(address)
    assert first.headers["Content-Type"] == "text/calendar; charset=utf-8"
    events = events_of(first)
    assert set(events) == uids and len(events) == 3
    assert {event.dtstart.value for event in events.values()} == {at(3, 10), at(4, 10), at(8, 10)}
    whole = first.text.replace("\r\n ", "")
    assert "Ångström" in whole
    assert all(len(line) <= 75 for line in first.content.split(b"\r\n"))  # octets, RFC 5545 3.1

    unchanged = program.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert unchanged.status_code == 304 and unchanged.content == b""
    assert program.head(address).headers["ETag"] == first.headers["ETag"]

    session.get_one(Booking, moved).move(at(7, 11))
    session.get_one(Booking, off).cancel("off")
    session.commit()
    later = events_of(program.get(address, headers={"If-None-Match": first.headers["ETag"]}))
    assert set(later) == uids
    by_start = {event.dtstart.value: event for event in later.values()}
    assert by_start[at(7, 11)].sequence.value == "1"
    assert by_start[at(4, 10)].status.value == "CANCELLED"
    assert by_start[at(8, 10)].status.value == "CONFIRMED"
    assert by_start[at(8, 10)].serialize() == events[by_start[at(8, 10)].uid.value].serialize()


def events_of(answer: httpx.Response) -> dict[str, vobject.base.Component]:
    assert answer.status_code == 200
    return {event.uid.value: event for event in vobject.readOne(answer.text).vevent_list}


def test_an_address_that_was_renewed_or_whose_person_left_is_gone(
    program: httpx.Client, meetings: list[Booking]
) -> None:
    person = meetings[0].people("client")[0]
    made: CalendarFeed = make.saved(CalendarFeed(person_id=person.id))
    old = f"/calendar/{made.token}.ics"
    made.renew()
    session.commit()
    assert program.get(old).status_code == 404
    assert program.get(f"/calendar/{made.token}.ics").status_code == 200
    person.active = False
    session.commit()
    assert program.get(f"/calendar/{made.token}.ics").status_code == 404
