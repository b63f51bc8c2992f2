"""An outside calendar that cannot be read, for a moment or for longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import make
from tests.booking.outside.conftest import QUARTER
from tests.booking.outside.reading.conftest import (
    DENTIST,
    After,
    SignIn,
    Work,
    on_offer,
    taken,
)
from tests.booking.outside.servers import CalendarServer, ics, listening
from tests.booking.rows import at
from tests.mail import Mailbox
from webapp.booking.models import Hold, SlotTaken
from webapp.booking.outside.busy import stale, wait_until_read
from webapp.booking.outside.models import OutsideCalendar
from webapp.booking.outside.subscribing import subscribe
from webapp.booking.outside.window import STALE_AFTER
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.outbox import RetryLater

pytestmark = pytest.mark.usefixtures("today")


def test_what_was_read_stands_while_a_calendar_is_away_for_a_moment(
    calendar: OutsideCalendar,
    consultant: Consultant,
    server: CalendarServer,
    read_all: Work,
    after: After,
    mailbox: Mailbox,
) -> None:
    server.files["/work.ics"] = 503
    after(QUARTER)
    read_all()
    session.expire_all()
    assert calendar.failures == 1
    assert "503" in calendar.problem
    assert taken(calendar) == [(at(3, 10), at(3, 11, 30))]
    assert at(3, 14) in on_offer(consultant)
    assert mailbox.to(consultant.person.email) == []


@pytest.mark.parametrize("broken", [b"<html>We are sorry</html>", ics(DENTIST)[:-40], b""])
def test_a_broken_file_leaves_what_was_known(
    calendar: OutsideCalendar, server: CalendarServer, read_all: Work, after: After, broken: bytes
) -> None:
    server.files["/work.ics"] = broken
    after(QUARTER)
    read_all()
    session.expire_all()
    assert calendar.problem == "That is not a calendar file."
    assert taken(calendar) == [(at(3, 10), at(3, 11, 30))]


def test_b23_a_calendar_that_cannot_be_read_hides_its_host_who_is_told(
    calendar: OutsideCalendar,
    consultant: Consultant,
    server: CalendarServer,
    read_all: Work,
    after: After,
    mailbox: Mailbox,
    client: FlaskClient,
    sign_in: SignIn,
) -> None:
    offering = make.offering(slug="coo-four")
    list_page, own_page = "/book/coo-four", "/book/coo-four/vera"
    assert b"vera" in client.get(list_page).data
    port = server.port

    def outage(hours: int) -> None:
        server.files["/work.ics"] = 500
        for _ in range(hours * 4 + 1):
            after(QUARTER)
            read_all()

    outage(hours=2)
    assert stale([consultant.id]) == {consultant.id}
    assert on_offer(consultant) == []
    assert b"/book/coo-four/vera" not in client.get(list_page).data
    assert b'name="slot"' not in client.get(own_page).data
    with pytest.raises(SlotTaken) as refused:
        Hold.take(offering, consultant, at(3, 14), "UTC")
    assert refused.value.alternatives == []
    session.rollback()

    told = mailbox.to(consultant.person.email)
    assert [str(mail["Subject"]) for mail in told] == [
        "We cannot read your calendar “Work”, so your times are hidden"
    ]
    assert "500" in str(told[0].get_body(("plain",)))
    page = sign_in(consultant.person).get("/calendar/connections").get_data(as_text=True)
    assert "Your times are hidden" in page

    outage(hours=3)
    assert len(mailbox.to(consultant.person.email)) == 1

    server.files["/work.ics"] = ics(DENTIST)
    after(QUARTER)
    read_all()
    assert at(3, 14) in on_offer(consultant)
    assert b"vera" in client.get(list_page).data
    outage(hours=2)
    assert len(mailbox.to(consultant.person.email)) == 2
    assert server.port == port


def test_b23_a_calendar_nobody_reads_at_all_is_not_believed_either(
    calendar: OutsideCalendar, consultant: Consultant, after: After
) -> None:
    """No worker ran: nothing failed, and yet what is known has become old."""
    after(STALE_AFTER - timedelta(minutes=1))
    assert at(3, 14) in on_offer(consultant)
    after(timedelta(minutes=2))
    assert on_offer(consultant) == []


def test_a_server_that_went_away_and_came_back(
    consultant: Consultant,
    app: Flask,
    read_all: Work,
    after: After,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listening() as first:
        allowed = replace(app.config["SETTINGS"], private_calendar_hosts=(first.host,))
        monkeypatch.setitem(app.config, "SETTINGS", allowed)
        first.files["/work.ics"] = ics(DENTIST)
        calendar = subscribe(consultant, "Work", first.url())
        session.commit()
    after(QUARTER)
    read_all()
    session.expire_all()
    assert calendar.problem == "That server could not be reached."
    with listening(first.port) as again:
        again.files["/work.ics"] = ics()
        after(QUARTER)
        read_all()
    session.expire_all()
    assert (calendar.problem, calendar.failures, taken(calendar)) == ("", 0, [])


def test_work_that_finds_a_time_waits_for_calendars_that_nobody_has_asked_yet(
    calendar: OutsideCalendar, consultant: Consultant, server: CalendarServer, read_all: Work,
    after: After,
) -> None:  # fmt: skip
    """After a night without workers, everybody would else seem taken."""
    wait_until_read([consultant.id])
    after(timedelta(hours=9))
    with pytest.raises(RetryLater):
        wait_until_read([consultant.id])
    server.files["/work.ics"] = 500
    read_all()
    wait_until_read([consultant.id])
    assert stale([consultant.id]) == {consultant.id}


def test_one_that_was_never_read_is_told_of_when_it_has_failed_for_two_hours(
    calendar: OutsideCalendar, consultant: Consultant, server: CalendarServer, read_all: Work,
    after: After, mailbox: Mailbox,
) -> None:  # fmt: skip
    """As when a calendar of an account is chosen anew."""
    calendar.use(False, False)
    calendar.use(True, False)
    session.commit()
    server.files["/work.ics"] = 500
    for tries in range(1, 10):
        after(QUARTER)
        read_all()
        assert on_offer(consultant) == []
        assert len(mailbox.to(consultant.person.email)) == (tries == 9)
    assert "Not once" in str(mailbox.to(consultant.person.email)[0].get_body(("plain",)))
