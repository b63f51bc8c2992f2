"""Outside busy time: read, kept, believed for two hours, and never more than busy time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.booking.meetings import booked
from tests.booking.outside.conftest import QUARTER
from tests.booking.outside.servers import CalendarServer, event, ics, listening, send
from tests.booking.rows import at
from tests.elsewhere import elsewhere
from tests.mail import Mailbox
from webapp import clock
from webapp.accounts.models import Person
from webapp.booking.models import CalendarRules, Hold, SlotTaken, open_slots
from webapp.booking.outside import reading, subscribing
from webapp.booking.outside.busy import stale, wait_until_read
from webapp.booking.outside.models import OutsideBusy, OutsideCalendar
from webapp.booking.outside.subscribing import subscribe
from webapp.booking.outside.window import STALE_AFTER
from webapp.catalog.models import Consultant
from webapp.db import session, transaction
from webapp.outbox import Job, RetryLater

pytestmark = pytest.mark.usefixtures("today")
Work = Callable[[], None]
After = Callable[[timedelta], None]
SignIn = Callable[[Person], FlaskClient]

DENTIST = event("dentist", "20261203T100000Z", "20261203T113000Z", "SUMMARY:Dentist")


@pytest.fixture
def consultant(server: CalendarServer) -> Consultant:
    """At work from 9 to 17, with the dentist on the 3rd from 10 to 11:30."""
    made = make.consultant(slug="vera")
    server.files["/work.ics"] = ics(DENTIST)
    return made


@pytest.fixture
def calendar(consultant: Consultant, server: CalendarServer) -> OutsideCalendar:
    made = subscribe(consultant, "Work", server.url())
    session.commit()
    return made


def on_offer(consultant: Consultant, day: int = 3) -> list[datetime]:
    session.expire_all()
    return open_slots([consultant.id], at(day, 0), at(day + 1, 0), 60)[consultant.id]


def taken(calendar: OutsideCalendar) -> list[tuple[datetime, datetime]]:
    rows = select(OutsideBusy).where(OutsideBusy.calendar_id == calendar.id)
    ordered = session.scalars(rows.order_by(OutsideBusy.starts_at))
    return [(row.starts_at, row.ends_at) for row in ordered]


# -- what counts -----------------------------------------------------------------------------------


def test_what_an_outside_calendar_takes_is_not_on_offer(
    calendar: OutsideCalendar, consultant: Consultant
) -> None:
    assert taken(calendar) == [(at(3, 10), at(3, 11, 30))]
    from_1130_to_16 = [at(3, 11, 30) + timedelta(minutes=30 * n) for n in range(10)]
    assert on_offer(consultant) == from_1130_to_16


def test_it_cannot_be_taken_by_a_crafted_request_either(
    calendar: OutsideCalendar, consultant: Consultant
) -> None:
    with pytest.raises(SlotTaken) as lost:
        Hold.take(make.offering(), consultant, at(3, 10), "UTC")
    assert at(3, 11, 30) in lost.value.alternatives


def test_it_is_looked_at_within_the_transaction_that_takes_the_time(
    calendar: OutsideCalendar,
    consultant: Consultant,
    server: CalendarServer,
    read_all: Work,
    after: After,
) -> None:
    """What was on the visitor's list a moment ago, and was taken elsewhere since, is lost."""
    assert at(3, 14) in on_offer(consultant)
    server.files["/work.ics"] = ics(DENTIST, event("call", "20261203T140000Z", "20261203T150000Z"))
    after(QUARTER)
    read_all()
    with pytest.raises(SlotTaken):
        Hold.take(make.offering(), consultant, at(3, 14), "UTC")


def test_our_own_meetings_read_back_take_no_time_twice(
    calendar: OutsideCalendar,
    consultant: Consultant,
    server: CalendarServer,
    read_all: Work,
    after: After,
) -> None:
    ours = booked("review", at(10, 12), make.engagement(consultant=consultant))
    ours.move(at(10, 15))
    session.commit()
    old = event(ours.uid, "20261210T120000Z", "20261210T130000Z")
    server.files["/work.ics"] = ics(old)
    after(QUARTER)
    read_all()
    session.expire_all()
    assert calendar.read_at == pytest.approx(clock.now(), abs=timedelta(minutes=1))
    assert taken(calendar) == []
    assert at(10, 12) in on_offer(consultant, 10)


def test_a_daily_limit_counts_clients_and_not_the_dentist(
    calendar: OutsideCalendar, consultant: Consultant
) -> None:
    session.get_one(CalendarRules, consultant.id).per_day = 1
    session.commit()
    assert at(3, 14) in on_offer(consultant)


def test_nothing_of_an_event_but_its_time_is_kept(calendar: OutsideCalendar) -> None:
    stored = session.execute(select(OutsideBusy.__table__)).mappings().one()
    assert "Dentist" not in str(dict(stored))


# -- reading ---------------------------------------------------------------------------------------


def test_unchanged_calendars_are_not_sent_twice(
    server: CalendarServer, consultant: Consultant, read_all: Work, after: After
) -> None:
    server.etags["/work.ics"] = '"one"'
    calendar = subscribe(consultant, "Work", server.url())
    session.commit()
    first = calendar.read_at
    after(QUARTER)
    read_all()
    session.expire_all()
    assert server.asked[-1][1]["If-None-Match"] == '"one"'
    assert first is not None and calendar.read_at is not None and calendar.read_at > first
    assert taken(calendar) == [(at(3, 10), at(3, 11, 30))]


def test_once_a_day_all_of_it_is_read_as_new_days_come_into_reach(
    server: CalendarServer, consultant: Consultant, read_all: Work, after: After
) -> None:
    server.etags["/work.ics"] = '"one"'
    calendar = subscribe(consultant, "Work", server.url())
    session.commit()
    reached = calendar.covers_until
    after(timedelta(days=1, minutes=1))
    read_all()
    session.expire_all()
    assert "If-None-Match" not in server.asked[-1][1]
    assert reached and calendar.covers_until and calendar.covers_until > reached


def test_a_stamp_that_changes_with_each_request_is_no_change(
    calendar: OutsideCalendar, server: CalendarServer, read_all: Work, after: After
) -> None:
    before = session.scalars(select(OutsideBusy.id)).all()
    server.files["/work.ics"] = ics(DENTIST).replace(b"20260101T000000Z", b"20261201T081500Z")
    after(QUARTER)
    read_all()
    assert session.scalars(select(OutsideBusy.id)).all() == before


def test_a_calendar_is_read_every_quarter_of_an_hour_by_one_job(
    calendar: OutsideCalendar, server: CalendarServer, read_all: Work, after: After
) -> None:
    for _ in range(4):
        read_all()
    assert len(server.asked) == 1
    for _ in range(3):
        after(QUARTER)
        read_all()
    assert len(server.asked) == 4
    jobs = session.scalars(select(Job).where(Job.task == "calendars.read")).all()
    assert [job.state for job in jobs] == ["done"]


def test_all_day_events_are_the_consultants_days(server: CalendarServer, read_all: Work) -> None:
    away = make.consultant(slug="zoe", time_zone="Pacific/Auckland")
    server.files["/work.ics"] = ics("UID:a\nDTSTART;VALUE=DATE:20261203\nDTEND;VALUE=DATE:20261204")
    made = subscribe(away, "Work", server.url())
    assert taken(made) == [
        (datetime(2026, 12, 2, 11, tzinfo=UTC), datetime(2026, 12, 3, 11, tzinfo=UTC))
    ]


def test_a_consultant_who_moves_to_another_zone_is_read_whole(
    server: CalendarServer, consultant: Consultant, read_all: Work, after: After
) -> None:
    server.files["/work.ics"] = ics("UID:a\nDTSTART;VALUE=DATE:20261203")
    server.etags["/work.ics"] = '"one"'
    calendar = subscribe(consultant, "Work", server.url())
    consultant.time_zone = "America/New_York"
    session.commit()
    after(QUARTER)
    read_all()
    assert taken(calendar) == [(at(3, 5), at(4, 5))]


# -- when it cannot be read ------------------------------------------------------------------------


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


# -- at the same time ------------------------------------------------------------------------------


def test_a_late_answer_does_not_undo_a_newer_one(
    app: Flask, calendar: OutsideCalendar, server: CalendarServer, read_all: Work, after: After
) -> None:
    """Somebody presses "Read now" while a slow worker still waits for its answer."""
    calendar_id, asked = calendar.id, iter([True])
    newer = ics(event("new", "20261204T100000Z", "20261204T110000Z"))

    def newest() -> None:
        with app.app_context(), transaction():
            reading.read(calendar_id)

    def answer(request: BaseHTTPRequestHandler) -> None:
        if next(asked, False):
            elsewhere(newest)
            send(request, 200, ics(event("old", "20261205T100000Z", "20261205T110000Z")))
        else:
            send(request, 200, newer)

    server.files["/work.ics"] = answer
    after(QUARTER)
    read_all()
    assert taken(calendar) == [(at(4, 10), at(4, 11))]


def test_a_first_reading_that_takes_long_is_left_to_a_job(
    server: CalendarServer, consultant: Consultant, read_all: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever serves pages has no time for it; until it is read nothing is on offer."""
    monkeypatch.setattr(subscribing, "HASTE_SECONDS", 0.5)

    def slowly(request: BaseHTTPRequestHandler) -> None:
        time.sleep(1.5)
        send(request, 200, ics(DENTIST))

    server.files["/work.ics"] = slowly
    began = time.monotonic()
    calendar = subscribe(consultant, "Work", server.url())
    session.commit()
    assert time.monotonic() - began < 1.4
    assert calendar.read_at is None and on_offer(consultant) == []
    read_all()
    session.expire_all()
    assert taken(calendar) == [(at(3, 10), at(3, 11, 30))]
    assert at(3, 14) in on_offer(consultant)


# -- disconnected meanwhile ------------------------------------------------------------------------


def test_a_calendar_removed_while_it_is_read_stays_removed(
    calendar: OutsideCalendar, server: CalendarServer, read_all: Work, after: After
) -> None:
    calendar_id = calendar.id

    def remove() -> None:
        with transaction():
            session.delete(session.get_one(OutsideCalendar, calendar_id))

    def answer(request: BaseHTTPRequestHandler) -> None:
        elsewhere(remove)
        send(request, 200, ics())

    server.files["/work.ics"] = answer
    after(QUARTER)
    read_all()
    assert session.scalar(select(OutsideCalendar.id)) is None
    assert [job.state for job in session.scalars(select(Job))] == ["done"]
