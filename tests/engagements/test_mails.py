"""The mails of booking and onboarding: to whom, when, once, and only while still of use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from markupsafe import escape
from sqlalchemy import select

from tests import make
from tests.elsewhere import elsewhere
from tests.engagements.conftest import Booking
from tests.engagements.test_change_mails import KINDS as OF_CHANGES
from tests.mail import Mailbox
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking.models import CalendarRules
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp, OnboardingStep, PulseAnswer
from webapp.engagements.planning import unrecorded_since
from webapp.notifications.models import EmailMessage as Stored
from webapp.web import format_when
from workers import plan

Drain = Callable[[], int]
SetClock = Callable[[datetime], None]
SignIn = Callable[[Person], FlaskClient]
HOUR = timedelta(hours=1)
OUR_KINDS = {
    "payment_setup", "payment_setup_overdue", "payment_setup_lapsed", "booking_resume", "welcome",
    "consultant_booked", "access_request", "kickoff_prepare", "kickoff_recap", "pulse",
    "kickoff_unrecorded",
}  # fmt: skip


@pytest.fixture
def at(set_clock: SetClock, drain: Drain, app: object) -> Callable[[datetime], None]:
    """Let time reach an instant: planners run twice there, and what is due is done."""

    def reach(instant: datetime) -> None:
        set_clock(instant)
        for _ in range(2):
            elsewhere(plan.everything)
            drain()

    return reach


def sent(kind: str) -> list[Stored]:
    session.expire_all()
    return list(session.scalars(select(Stored).filter_by(kind=kind).order_by(Stored.created_at)))


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


# -- booking ---------------------------------------------------------------------------------------


def test_who_stops_before_the_agreement_is_reminded_once_after_an_hour(
    booking: Booking, client: FlaskClient, at: Callable[[datetime], None], mailbox: Mailbox
) -> None:
    booking.type_details(client)
    began = clock.now()
    at(began + 0.9 * HOUR)
    assert sent("booking_resume") == []
    at(began + 1.1 * HOUR)
    (mail,) = mailbox.to("ana@harbour.example.com")
    link = "/start/" + text_of(mail).split("/start/")[1].split()[0]
    assert "Harbour Foods Ltd" in client.get(link).text
    booking.type_details(client)
    at(clock.now() + 2 * HOUR)
    assert len(sent("booking_resume")) == 1


def test_who_is_still_at_it_is_left_alone(
    booking: Booking, client: FlaskClient, at: Callable[[datetime], None], set_clock: SetClock
) -> None:
    booking.type_details(client)
    began = clock.now()
    set_clock(began + 0.8 * HOUR)
    booking.accept(client)
    at(began + 1.1 * HOUR)
    assert sent("booking_resume") == []
    at(began + 2 * HOUR)
    assert len(sent("booking_resume")) == 1


def test_who_has_paid_is_reminded_of_nothing(
    signed: Booking, at: Callable[[datetime], None]
) -> None:
    signed.engagement.begin_onboarding()
    session.commit()
    for days in (0.1, 2.1, 4.1, 5.1, 7.1):
        at(clock.now() + timedelta(days=days))
    for kind in (
        "booking_resume",
        "payment_setup",
        "payment_setup_overdue",
        "payment_setup_lapsed",
    ):
        assert sent(kind) == [], kind


def test_a_client_hears_nothing_of_what_a_coordinator_still_prepares(
    booking: Booking, sign_in: SignIn, at: Callable[[datetime], None]
) -> None:
    booking.type_details(sign_in(make.person(Role.COORDINATOR)))
    at(clock.now() + 2 * HOUR)
    assert sent("booking_resume") == []


def test_who_has_bought_the_same_since_is_not_reminded_of_the_first_try(
    signed: Booking, at: Callable[[datetime], None]
) -> None:
    """They began anew instead of going on; the first booking lapses without a word."""
    make.person(Role.COORDINATOR)
    first = signed.engagement
    again = make.engagement(
        "onboarding", offering=first.offering, company=first.company, sponsor=first.sponsor,
        consultant=first.lead, created_at=clock.now() + HOUR,
    )  # fmt: skip
    session.commit()
    for days in (2.1, 4.1, 5.1, 7.1):
        at(clock.now() + timedelta(days=days))
    assert first.stage == "lost" and again.stage == "onboarding"
    for kind in ("payment_setup", "payment_setup_overdue", "payment_setup_lapsed"):
        assert sent(kind) == [], kind


def test_signed_and_unpaid_is_reminded_then_lost(
    signed: Booking, at: Callable[[datetime], None], client: FlaskClient
) -> None:
    coordinator = make.person(Role.COORDINATOR)
    make.person(Role.OWNER)
    session.commit()
    engagement = signed.engagement
    began = engagement.signed_at
    assert began is not None
    expected = {0.5: 0, 1.9: 0, 2.01: 1, 3.9: 1, 4.01: 2, 5.01: 2}
    for days, mails in expected.items():
        at(began + timedelta(days=days))
        assert len(sent("payment_setup")) == mails, days
    (told,) = sent("payment_setup_overdue")
    assert told.recipient == coordinator.email and "Harbour Foods Ltd" in told.text
    at(began + timedelta(days=6.9))
    assert engagement.stage == "signed"
    at(began + timedelta(days=7.01))
    session.expire_all()
    assert (engagement.stage, engagement.hold.state) == ("lost", "released")
    assert [mail.recipient for mail in sent("payment_setup_lapsed")] == ["ana@harbour.example.com"]
    gone = client.get(signed.url())
    assert gone.status_code == 410 and "Book again" in gone.text
    at(began + timedelta(days=9))
    assert len(sent("payment_setup")) == 2 and len(sent("payment_setup_lapsed")) == 1


def test_a_reminder_that_comes_far_too_late_is_not_sent(
    signed: Booking, at: Callable[[datetime], None]
) -> None:
    began = clock.now()
    at(began + 0.1 * HOUR)
    at(began + timedelta(days=6))
    assert sent("payment_setup") == [] and sent("booking_resume") == []


# -- onboarding ------------------------------------------------------------------------------------


def test_welcome_and_notice_come_at_once_with_the_kickoff_as_a_file(
    begun: Engagement, drain: Drain, mailbox: Mailbox, client: FlaskClient
) -> None:
    drain()
    drain()
    assert begun.kickoff is not None
    (welcome,) = [
        mail for mail in mailbox.to("ana@harbour.example.com") if "Welcome" in mail["Subject"]
    ]
    (notice,) = [
        mail for mail in mailbox.to(begun.lead.person.email) if "booked you" in mail["Subject"]
    ]
    assert "Harbour Foods Ltd" in notice["Subject"] and "London" in text_of(notice)
    for mail in (welcome, notice):
        part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
        assert part.get_param("method") == "REQUEST"
        event = Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")[0]
        assert event["uid"] == begun.kickoff.uid
    link = "/sign-in/link/" + text_of(welcome).split("/sign-in/link/")[1].split()[0]
    signed_in = client.post(link)
    assert signed_in.status_code == 303
    assert f"/engagements/{begun.id}" in text_of(welcome)


def test_the_kickoff_is_prepared_two_days_before(
    begun: Engagement, at: Callable[[datetime], None]
) -> None:
    assert begun.kickoff is not None
    starts = begun.kickoff.starts_at
    at(starts - timedelta(hours=49))
    assert sent("kickoff_prepare") == []
    at(starts - timedelta(hours=47))
    assert {mail.recipient for mail in sent("kickoff_prepare")} == {
        "ana@harbour.example.com", begun.lead.person.email}  # fmt: skip
    at(starts - timedelta(hours=1))
    assert len(sent("kickoff_prepare")) == 2


def test_each_side_reads_what_is_theirs_to_prepare(
    begun: Engagement, at: Callable[[datetime], None], mailbox: Mailbox
) -> None:
    assert begun.kickoff is not None
    at(begun.kickoff.starts_at - timedelta(hours=47))
    when = format_when(begun.kickoff.starts_at, begun.lead.person.time_zone)
    [to_consultant] = with_subject(mailbox, begun.lead.person.email, "Prepare the kick-off")
    assert str(to_consultant["Subject"]) == f"Prepare the kick-off with Harbour Foods Ltd, {when}"
    text = text_of(to_consultant)
    assert "Numbers to bring" not in text and "Numbers that the client was asked to bring" in text
    assert "Still open before it" in text and "somebody did not come" in text
    [to_client] = with_subject(mailbox, "ana@harbour.example.com", "Your kick-off, ")
    assert str(to_client["Subject"]).endswith("(New York, UTC−5): agenda and what to bring")
    text = text_of(to_client)
    assert "Numbers to bring" in text and "Still open before it" not in text
    for mail in (to_consultant, to_client):
        assert "A kick-off is moved, not called off." in text_of(mail)
        assert f"/engagements/{begun.id}" in text_of(mail)


def with_subject(mailbox: Mailbox, address: str, start: str) -> list[EmailMessage]:
    return [mail for mail in mailbox.to(address) if str(mail["Subject"]).startswith(start)]


def test_booked_past_the_deadline_the_welcome_says_whom_to_write_to(
    begun: Engagement, drain: Drain, mailbox: Mailbox
) -> None:
    rules = session.get_one(CalendarRules, begun.lead.id)
    rules.change_notice = 400 * 24 * 60
    session.commit()
    drain()
    [welcome] = with_subject(mailbox, "ana@harbour.example.com", "Welcome")
    person, text = begun.lead.person, text_of(welcome)
    assert f"To move it, write to {person.name}: {person.email}" in text
    assert "by yourself until" not in text and "/meetings/move/" not in text
    [notice] = with_subject(mailbox, person.email, "Harbour Foods Ltd has booked you: kick-off ")
    assert begun.kickoff is not None
    assert str(notice["Subject"]).endswith(format_when(begun.kickoff.starts_at, person.time_zone))


@pytest.mark.parametrize(
    ("place", "linked"),
    [
        ("https://meet.example.com/a?b=1&c=2", True),
        ("http://meet.example.com/a", True),
        ("javascript:alert(1)", False),
        ('https://meet.example.com/" onclick="x', False),
        ("Room 2 <b>upstairs</b>", False),
    ],
)
def test_the_place_is_a_link_where_it_is_an_address(
    begun: Engagement, drain: Drain, mailbox: Mailbox, place: str, linked: bool
) -> None:
    assert begun.kickoff is not None
    begun.kickoff.place = place
    session.commit()
    drain()
    [welcome] = with_subject(mailbox, "ana@harbour.example.com", "Welcome")
    html = welcome.get_body(("html",))
    assert html is not None
    text = html.get_content()
    assert (f'href="{escape(place)}"' in text) == linked
    assert str(escape(place)) in text and "<b>upstairs" not in text and '" onclick' not in text


def test_a_moved_kickoff_is_prepared_for_its_new_time_only(
    begun: Engagement, at: Callable[[datetime], None]
) -> None:
    assert begun.kickoff is not None
    starts = begun.kickoff.starts_at
    at(starts - timedelta(hours=60))
    begun.kickoff.starts_at += timedelta(days=4)
    begun.kickoff.ends_at += timedelta(days=4)
    session.commit()
    at(starts - timedelta(hours=40))
    assert sent("kickoff_prepare") == []
    at(starts + timedelta(hours=50))
    assert len(sent("kickoff_prepare")) == 2


def test_access_is_asked_for_in_the_morning_until_it_is_given(
    begun: Engagement, at: Callable[[datetime], None], set_clock: SetClock
) -> None:
    zone = ZoneInfo("America/New_York")
    day = clock.now().astimezone(zone).date()
    mails = []
    for _ in range(6):
        day += timedelta(days=1)
        at(datetime.combine(day, time(8, 59), zone))
        assert len(sent("access_request")) == len(mails)
        at(datetime.combine(day, time(9, 1), zone))
        mails = sent("access_request")
    asked_on = [mail.created_at.astimezone(zone).date() for mail in mails]
    assert 1 < len(asked_on) <= 3
    assert all(asked.weekday() < 5 for asked in asked_on)
    next(step for step in begun.steps if step.key == OnboardingStep.ACCESS).complete(
        begun.lead.person
    )
    session.commit()
    for _ in range(4):
        day += timedelta(days=1)
        at(datetime.combine(day, time(9, 1), zone))
    assert len(sent("access_request")) == len(mails)


@pytest.fixture
def coordinator(begun: Engagement) -> Person:
    made = make.person(Role.COORDINATOR)
    session.commit()
    return made


def morning_after(begun: Engagement, days: int) -> datetime:
    """Nine o'clock where the client is, so many days after the kick-off."""
    assert begun.kickoff is not None
    zone = ZoneInfo(begun.time_zone)
    day = begun.kickoff.starts_at.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(9), zone)


def test_of_a_kickoff_that_nobody_records_a_coordinator_is_told_once(
    begun: Engagement, coordinator: Person, at: Callable[[datetime], None]
) -> None:
    assert begun.kickoff is not None
    due = unrecorded_since(begun.kickoff.starts_at, begun.time_zone, "US")
    assert due >= morning_after(begun, 3)
    at(due - timedelta(minutes=1))
    assert sent("kickoff_unrecorded") == []
    at(due + timedelta(minutes=1))
    [told] = sent("kickoff_unrecorded")
    assert told.recipient == coordinator.email and "Harbour Foods Ltd" in told.subject
    assert f"/engagements/{begun.id}/kickoff" in told.text
    at(due + timedelta(days=20))
    assert len(sent("kickoff_unrecorded")) == 1


@pytest.mark.parametrize("settled", ["held", "missed", "moved", "cancelled"])
def test_of_a_kickoff_that_is_settled_nobody_is_told(
    begun: Engagement,
    coordinator: Person,
    at: Callable[[datetime], None],
    set_clock: SetClock,
    settled: str,
) -> None:
    assert begun.kickoff is not None
    starts = begun.kickoff.starts_at
    at(starts + timedelta(hours=2))  # planned by now
    match settled:
        case "held":
            begun.hold_kickoff(begun.lead.person, "", waive=True)
        case "missed":
            begun.kickoff.miss("client", begun.lead.person)
        case "moved":
            begun.kickoff.starts_at += timedelta(days=20)
            begun.kickoff.ends_at += timedelta(days=20)
        case "cancelled":
            begun.stage = "ended"
    session.commit()
    at(starts + timedelta(days=10))
    assert sent("kickoff_unrecorded") == []


def test_however_late_planners_run_a_coordinator_is_told(
    begun: Engagement, coordinator: Person, at: Callable[[datetime], None]
) -> None:
    assert begun.kickoff is not None
    at(begun.kickoff.starts_at + timedelta(days=60))
    assert [mail.recipient for mail in sent("kickoff_unrecorded")] == [coordinator.email]


def test_the_third_business_day_is_counted_where_the_client_is() -> None:
    friday = datetime(2026, 12, 18, 23, tzinfo=ZoneInfo("Europe/London"))
    due = unrecorded_since(friday, "Europe/London", "GB")
    assert due == datetime(2026, 12, 23, 9, tzinfo=ZoneInfo("Europe/London"))
    assert unrecorded_since(friday, "Asia/Tokyo", "JP").date() == due.date()


def test_the_recap_goes_to_who_attended(
    begun: Engagement, drain: Drain, set_clock: SetClock, mailbox: Mailbox
) -> None:
    assert begun.kickoff is not None
    drain()
    mailbox.clear()
    set_clock(begun.kickoff.starts_at)
    begun.hold_kickoff(
        begun.lead.person, "Ana owns <b>deliveries</b>.\nNext look: Friday.", waive=True
    )
    drain()
    (to_client,) = mailbox.to("ana@harbour.example.com")
    assert "Ana owns <b>deliveries</b>." in text_of(to_client)
    html = to_client.get_body(("html",))
    assert html is not None and "&lt;b&gt;deliveries&lt;/b&gt;" in html.get_content()
    assert len(mailbox.to(begun.lead.person.email)) == 1


def test_nothing_more_is_sent_after_cancelling(
    begun: Engagement, at: Callable[[datetime], None]
) -> None:
    assert begun.kickoff is not None and begun.sponsor is not None
    starts = begun.kickoff.starts_at
    at(starts - timedelta(hours=60))
    begun.cancel_before_kickoff(begun.sponsor)
    session.commit()
    before = len(sent("access_request"))
    for days in (-1, 7, 14):
        at(starts + timedelta(days=days))
    assert sent("kickoff_prepare") == [] and sent("pulse") == []
    assert len(sent("access_request")) == before


# -- the pulse -------------------------------------------------------------------------------------


def test_the_pulse_is_asked_after_7_and_14_days_then_each_month(
    begun: Engagement, at: Callable[[datetime], None]
) -> None:
    assert begun.kickoff is not None and begun.sponsor is not None
    begun.sponsor.time_zone = "Asia/Tokyo"
    session.commit()
    zone, kickoff_on = ZoneInfo("Asia/Tokyo"), begun.local_date(begun.kickoff.starts_at)
    for days, mails in ((6, 0), (7, 1), (8, 1), (14, 2), (15, 2)):
        day = kickoff_on + timedelta(days=days)
        at(datetime.combine(day, time(8, 59), zone))
        at(datetime.combine(day, time(9, 1), zone))
        assert len(sent("pulse")) == mails, days
    assert sent("pulse")[0].recipient == "ana@harbour.example.com"


def test_a_pulse_is_answered_from_its_link(
    begun: Engagement, at: Callable[[datetime], None], client: FlaskClient, mailbox: Mailbox
) -> None:
    assert begun.kickoff is not None
    at(begun.kickoff.starts_at + timedelta(days=7, hours=10))
    mails = mailbox.to("ana@harbour.example.com")
    (mail,) = [mail for mail in mails if "One question" in mail["Subject"]]
    link = "/pulse/" + text_of(mail).split("/pulse/")[1].split()[0]
    assert client.get(link).status_code == 200
    assert session.scalars(select(PulseAnswer)).all() == []
    for wrong in ({}, {"score": "6"}, {"score": "0"}, {"score": "five"}):
        assert client.post(link, data=wrong).status_code == 422, wrong
    assert client.post(link, data={"score": "5"}).status_code == 303
    assert session.scalars(select(FollowUp)).all() == []
    for _ in range(2):
        assert client.post(link, data={"score": "3"}).status_code == 303
    assert "within one business day" in client.get(link + "/thanks").text
    session.expire_all()
    assert [answer.score for answer in session.scalars(select(PulseAnswer))] == [3]
    (note,) = session.scalars(select(FollowUp)).all()
    assert note.engagement_id == begun.id and "3 out of 5" in note.text
    assert note.due_on > clock.now().date() and note.due_on.weekday() < 5
    assert client.get(link + "x").status_code == 404
    assert client.post("/pulse/forged", data={"score": "1"}).status_code == 404


def test_every_mail_of_the_room_is_tried_here_or_with_the_changes() -> None:
    folder = Path(__file__).parents[2] / "webapp/engagements/templates/email"
    assert {path.name for path in folder.iterdir()} == OUR_KINDS | OF_CHANGES
