"""A month without its review, and a review that nobody recorded: somebody hears of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.mail import Mailbox
from tests.reviews.conftest import (
    FIRST,
    KICKOFF,
    OCTOBER,
    begin_on,
    booking_of,
    kicked_off,
    only,
)
from tests.reviews.editing import address, consultant_of, sponsor_of
from tests.reviews.test_conflicts import live, subjects
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.db import session, transaction
from webapp.desk.queries.needs import needs_of
from webapp.engagements.models import Engagement

SetClock = Callable[[datetime], None]
Drain = Callable[[], int]
SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def coordinator(at_work: None) -> Person:
    found = make.person(Role.COORDINATOR)
    session.commit()
    return found


def evening(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 20, tzinfo=UTC)


# -- called off, and not booked again --------------------------------------------------------------


def test_a_review_called_off_worries_its_consultant_and_then_reaches_the_coordinator(
    coordinator: Person, planned: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    with transaction():
        booking_of(only(planned, OCTOBER)).cancel("Not this month", sponsor_of(planned))
    consultant = consultant_of(planned)
    for month, day, worried, told in (
        (10, 9, 0, 0), (10, 10, 1, 0), (10, 11, 1, 0), (10, 31, 1, 0), (11, 1, 1, 1), (11, 2, 1, 1)
    ):  # fmt: skip
        set_clock(evening(month, day))
        live(drain)
        assert len(subjects(mailbox, consultant.email, "Still no time")) == worried, (month, day)
        assert len(subjects(mailbox, coordinator.email, "without a review")) == told, (month, day)
    [mail] = [mail for mail in mailbox.to(coordinator.email) if "without" in mail["Subject"]]
    assert "called off, and not booked again" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_one_called_off_late_worries_before_its_month_is_over(
    at_work: None, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    engagement = kicked_off(KICKOFF)
    begin_on(engagement, 30, OCTOBER)
    live(drain)
    for day, worried in ((27, 0), (28, 0), (29, 1)):
        set_clock(evening(10, day))
        if day == 27:
            with transaction():
                booking_of(only(engagement, OCTOBER)).cancel("No", sponsor_of(engagement))
        live(drain)
        told = subjects(mailbox, consultant_of(engagement).email, "Still no time")
        assert len(told) == worried, day


def test_one_called_off_and_booked_again_worries_nobody(
    coordinator: Person, planned: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    with transaction():
        booking_of(only(planned, OCTOBER)).cancel("Not that day")
    drain()
    with transaction():
        booking_of(only(planned, OCTOBER)).rebook(FIRST + timedelta(days=9))
    drain()
    set_clock(evening(10, 12))
    live(drain)
    assert subjects(mailbox, consultant_of(planned).email, "Still no time") == []


# -- over, and nobody said how it went -------------------------------------------------------------


@pytest.fixture
def over(coordinator: Person, drain: Drain, set_clock: SetClock) -> Engagement:
    """Its review was on Thursday the 29th of October; nobody recorded it."""
    engagement = kicked_off(KICKOFF)
    begin_on(engagement, 29, OCTOBER)
    live(drain)
    set_clock(evening(10, 31))
    live(drain)
    assert booking_of(only(engagement, OCTOBER)).starts_at.date() == date(2026, 10, 29)
    return engagement


def test_business_days_to_record_it_and_then_the_coordinator_hears(
    over: Engagement, coordinator: Person, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    for month, day, state in (
        (10, 31, "booked"), (11, 2, "booked"), (11, 3, "booked"), (11, 4, "missed")
    ):  # fmt: skip
        set_clock(evening(month, day))
        live(drain)
        assert only(over, OCTOBER).state == state, (month, day)
        asked = [need.kind for need in needs_of(consultant_of(over)) if need.kind == "review"]
        assert asked == (["review"] if state == "booked" else [])
    told = subjects(mailbox, coordinator.email, "Nobody recorded it")
    assert told == ["How did the October review with Northwind go? Nobody recorded it"]


def test_clients_read_that_it_is_not_recorded_and_never_that_it_was_missed(
    over: Engagement, sign_in: SignIn, drain: Drain, set_clock: SetClock
) -> None:
    client = sign_in(sponsor_of(over))
    for month, day in ((10, 31), (11, 5)):
        set_clock(evening(month, day))
        live(drain)
        for where in (f"/reviews/{only(over, OCTOBER).id}", address(over)):
            page = client.get(where).text
            assert "Not recorded yet" in page and "Missed" not in page, where


@pytest.mark.parametrize("what", ["held", "who"])
def test_its_consultant_may_still_say_what_happened(
    over: Engagement, sign_in: SignIn, drain: Drain, set_clock: SetClock, what: str
) -> None:
    set_clock(evening(11, 6))
    live(drain)
    review = only(over, OCTOBER)
    assert review.state == "missed"
    browser = sign_in(consultant_of(over))
    page = browser.get(f"/reviews/{review.id}").text
    assert "Review held" in page and "Somebody did not come" in page
    if what == "held":
        answer = browser.post(f"/reviews/{review.id}/held", data={"summary": "Margins are up."})
    else:
        where = f"/meetings/{review.booking_id}/missed"
        answer = browser.post(where, data={"side": "client"})
    assert answer.status_code == 303
    drain()
    found = only(over, OCTOBER)
    assert (found.state, booking_of(found).missed_side) == (
        ("held", None) if what == "held" else ("missed", "client")
    )
