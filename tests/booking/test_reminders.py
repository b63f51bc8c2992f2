"""Reminders: when each person wants them, for the time a meeting has, once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from tests import make
from tests.booking.meetings import NOON, booked, links_in
from tests.booking.rows import at
from tests.counting import counting
from tests.elsewhere import elsewhere
from tests.mail import Mailbox
from webapp.accounts.models import Person
from webapp.booking.mails import reminding
from webapp.booking.models import Booking, CalendarRules, Reminder
from webapp.booking.models.reminder import OFFSETS
from webapp.db import session, transaction
from webapp.outbox import Job

pytestmark = pytest.mark.usefixtures("today")
SetClock = Callable[[datetime], None]
Drain = Callable[[], int]
SignIn = Callable[[Person], FlaskClient]
WEEK_BEFORE = NOON - timedelta(days=7)


@pytest.fixture
def meeting(app: Flask) -> Booking:
    """Four weeks ahead of TODAY, so that every offset lies ahead too."""
    return booked("review", at(29, 12))


def choose(person: Person, *offsets: int) -> None:
    with transaction():
        Reminder.choose(person, offsets)


def plan() -> None:
    def run() -> None:
        with transaction():
            reminding.plan_reminders()

    elsewhere(run)


def live(set_clock: SetClock, drain: Drain, first: datetime, last: datetime, step: int = 5) -> None:
    """Every `step` minutes, as the world would go by."""
    while first <= last:
        set_clock(first)
        plan()
        drain()
        first += timedelta(minutes=step)


def reminded(mailbox: Mailbox, person: Person) -> int:
    return sum(": " in str(m["Subject"]) and "is set on" in str(m.get_body(("plain",)))
               for m in mailbox.to(person.email))  # fmt: skip


def near(meeting: Booking, minutes: float) -> datetime:
    return meeting.starts_at - timedelta(minutes=minutes)


# -- for the time it has ---------------------------------------------------------------------------


def test_b24_moved_the_reminder_for_the_old_time_is_not_sent(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    client, old = meeting.people("client")[0], meeting.starts_at
    set_clock(near(meeting, 40 * 60))
    plan()
    with transaction():
        meeting.move(at(30, 12))
    live(set_clock, drain, old - timedelta(hours=24), old, 60)
    assert reminded(mailbox, client) == 1
    [mail] = [mail for mail in mailbox.to(client.email) if "Tomorrow" in mail["Subject"]]
    assert "30 December 2026, 12:00 (London, UTC)" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_b24_called_off_it_reminds_nobody(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    set_clock(near(meeting, 40 * 60))
    plan()
    with transaction():
        meeting.cancel("off")
    live(set_clock, drain, near(meeting, 24 * 60), meeting.starts_at, 60)
    assert sum(reminded(mailbox, who.person) for who in meeting.attendees) == 0


def test_b24_moved_away_and_back_it_reminds_once(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    set_clock(near(meeting, 40 * 60))
    plan()
    start = meeting.starts_at
    with transaction():
        meeting.move(at(30, 12))
        meeting.move(start)
    live(set_clock, drain, near(meeting, 25 * 60), meeting.starts_at, 60)
    assert reminded(mailbox, meeting.people("client")[0]) == 1


@pytest.mark.parametrize("kind", ["kickoff", "review"])
def test_a_reminder_says_when_in_the_readers_zone_and_can_move_it(
    app: Flask, mailbox: Mailbox, drain: Drain, set_clock: SetClock, kind: str
) -> None:
    meeting = booked(kind, at(29, 12))
    client, consultant = (meeting.people(side)[0] for side in ("client", "consultant"))
    client.time_zone = "Asia/Tokyo"
    session.commit()
    choose(client, 2 * 24 * 60)
    live(set_clock, drain, near(meeting, 49 * 60), near(meeting, 23 * 60), 60)
    [mail] = mailbox.to(client.email)
    noun = {"kickoff": "Kick-off", "review": "Monthly review"}[kind]
    assert str(mail["Subject"]) == f"On Tue 29 December: {noun} with {consultant.name}"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Tue 29 December 2026, 21:00 (Tokyo, UTC+9)" in text
    assert set(links_in(mail)) == ({"move"} if kind == "kickoff" else {"move", "cancel"})
    [mail] = mailbox.to(consultant.email)
    assert str(mail["Subject"]).startswith("Tomorrow: ")


def test_past_the_clients_deadline_it_says_whom_to_write_to(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    client, consultant = (meeting.people(side)[0] for side in ("client", "consultant"))
    [lead] = meeting.consultants
    session.get_one(CalendarRules, lead.id).change_notice = 24 * 60
    live(set_clock, drain, near(meeting, 24 * 60), near(meeting, 24 * 60))
    [mail] = mailbox.to(client.email)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert f"To move it, write to {consultant.name}: {consultant.email}" in text
    assert "until" not in text and links_in(mail) == {}
    [mail] = mailbox.to(consultant.email)
    assert set(links_in(mail)) == {"move", "cancel"}


# -- as each person sets ---------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", [(), (15,), (60, 3 * 60), OFFSETS], ids=str)
def test_each_is_reminded_as_they_set(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock, chosen: tuple[int, ...]
) -> None:
    client, consultant = (meeting.people(side)[0] for side in ("client", "consultant"))
    choose(client, *chosen)
    for minutes in sorted(OFFSETS, reverse=True):
        live(set_clock, drain, near(meeting, minutes + 5), near(meeting, minutes), 5)
        due = sum(each >= minutes for each in chosen)
        assert reminded(mailbox, client) == due, minutes
    set_clock(meeting.starts_at)
    plan()
    drain()
    assert reminded(mailbox, client) == len(chosen)
    assert reminded(mailbox, consultant) == 1


def test_a_change_of_mind_counts_for_what_is_ahead(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    client = meeting.people("client")[0]
    set_clock(near(meeting, 30 * 60))
    plan()
    choose(client, 60)
    live(set_clock, drain, near(meeting, 24 * 60), near(meeting, 61), 60)
    assert reminded(mailbox, client) == 0
    live(set_clock, drain, near(meeting, 60), meeting.starts_at)
    assert reminded(mailbox, client) == 1


def test_an_offset_chosen_after_its_moment_sends_nothing_at_once(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    client = meeting.people("client")[0]
    set_clock(near(meeting, 30 * 60))
    choose(client, 2 * 24 * 60)
    live(set_clock, drain, near(meeting, 30 * 60), meeting.starts_at, 60)
    assert reminded(mailbox, client) == 0


def test_saving_the_same_again_keeps_what_was_chosen(meeting: Booking, set_clock: SetClock) -> None:
    client = meeting.people("client")[0]
    choose(client, 15, 60)
    since = dict(session.execute(select(Reminder.minutes_before, Reminder.created_at)).all())
    set_clock(at(2, 8))
    choose(client, 60, 24 * 60)
    now = dict(session.execute(select(Reminder.minutes_before, Reminder.created_at)).all())
    assert now[60] == since[60] and set(now) == {60, 24 * 60}
    choose(client)
    assert Reminder.of(client) == ()


# -- in time, once ---------------------------------------------------------------------------------


def test_whoever_books_for_tomorrow_is_not_reminded_of_it_today(
    app: Flask, mailbox: Mailbox, drain: Drain
) -> None:
    made = booked("review", at(2, 6 + 4))
    assert made.starts_at - at(1, 8) > timedelta(hours=24)
    soon = booked("review", at(1, 16), make.engagement())
    plan()
    drain()
    assert mailbox.to(soon.people("client")[0].email) == []


@pytest.mark.parametrize("late, sent", [(11, 1), (13, 0)])
def test_too_late_to_be_of_use_it_is_not_sent(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock, late: int, sent: int
) -> None:
    """Half of a day's notice has to be left, whether planning or delivery was late."""
    set_clock(near(meeting, 25 * 60))
    plan()
    set_clock(near(meeting, (24 - late) * 60))
    drain()
    assert reminded(mailbox, meeting.people("client")[0]) == sent
    session.execute(delete(Job).where(Job.task == "booking.remind"))
    plan()
    assert (jobs() > 0) == bool(sent)


def jobs() -> int:
    session.rollback()
    return session.scalar(select(func.count()).where(Job.task == "booking.remind")) or 0


def test_planned_by_many_at_once_and_again_it_is_one_mail(
    meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    set_clock(near(meeting, 24 * 60 + 1))
    for _ in range(3):
        plan()
    assert jobs() == 2
    set_clock(near(meeting, 24 * 60))
    for _ in range(3):
        plan()
        drain()
    assert reminded(mailbox, meeting.people("client")[0]) == 1


def test_killed_before_the_commit_it_is_done_anew_and_once(
    app: Flask, meeting: Booking, mailbox: Mailbox, drain: Drain, set_clock: SetClock
) -> None:
    """First the planner dies, then the worker with the mail written; later the job comes again."""
    client = meeting.people("client")[0]
    set_clock(near(meeting, 24 * 60))

    def dies(work: Callable[[], None]) -> None:
        def run() -> None:
            with app.app_context():
                work()
                session.rollback()

        elsewhere(run)

    dies(reminding.plan_reminders)
    assert jobs() == 0
    plan()
    dies(lambda: send(meeting.id, client.id))
    for _ in range(2):
        drain()
        session.execute(delete(Job).where(Job.task == "booking.remind"))
        plan()
    assert reminded(mailbox, client) == 1


def send(booking_id: uuid.UUID, person_id: uuid.UUID) -> None:
    meeting, client = session.get_one(Booking, booking_id), session.get_one(Person, person_id)
    reminding.remind(meeting, client, 24 * 60, meeting.starts_at)


def test_planning_many_takes_as_many_statements_as_planning_one(app: Flask) -> None:
    def statements(meetings: int) -> int:
        for _ in range(meetings):
            made = booked("review", at(2, 10))
            Reminder.choose(made.people("client")[0], OFFSETS)
        session.commit()
        with counting() as queries, transaction():
            reminding.plan_reminders()
        return len(queries)

    assert statements(1) == statements(8) <= 3


# -- the page --------------------------------------------------------------------------------------


def test_they_are_set_on_the_calendars_page(sign_in: SignIn, meeting: Booking) -> None:
    client = meeting.people("client")[0]
    browser = sign_in(client)
    assert browser.get("/calendar").text.count("checked") == 1
    answer = browser.post("/calendar/reminders", data={"offsets": ["15", "60"]})
    assert answer.status_code == 303
    assert Reminder.of(client) == (15, 60)
    assert browser.get("/calendar").text.count("checked") == 2
    browser.post("/calendar/reminders", data={})
    session.rollback()
    assert Reminder.of(client) == ()
    assert browser.get("/calendar").text.count("checked") == 0


@pytest.mark.parametrize("sent", ["7", "never", "-60", "999999999999"])
def test_an_offset_that_is_not_on_the_list_is_refused(
    sign_in: SignIn, meeting: Booking, sent: str
) -> None:
    client = meeting.people("client")[0]
    answer = sign_in(client).post("/calendar/reminders", data={"offsets": ["60", sent]})
    assert answer.status_code == 422 and "Please look at this again" in answer.text
    assert Reminder.of(client) == (24 * 60,)
