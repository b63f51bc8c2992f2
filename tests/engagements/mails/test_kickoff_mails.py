"""The mails around the kick-off: prepared for, moved, not recorded, looked back at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests import make
from tests.engagements.mails.conftest import (
    Drain,
    SetClock,
    sent,
    text_of,
)
from tests.mail import Mailbox
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.db import session
from webapp.engagements.models import Engagement, OnboardingStep
from webapp.engagements.planning import unrecorded_since


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
