"""What each side is told when an engagement begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from markupsafe import escape

from tests.engagements.mails.conftest import (
    Drain,
    sent,
    text_of,
)
from tests.mail import Mailbox
from webapp.booking.models import CalendarRules
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.web import format_when


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
