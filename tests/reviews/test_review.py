"""One review: invited to, held, missed, called off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar

from tests.mail import Mailbox
from tests.reviews.conftest import (
    FIRST,
    KICKOFF,
    OCTOBER,
    begin,
    begin_on,
    booking_of,
    kicked_off,
    only,
    reviews,
    run_planners,
)
from webapp import outbox
from webapp.db import transaction
from webapp.engagements.models import Engagement
from webapp.reviews.models import IllegalReview

SetClock = Callable[[datetime], None]
Drain = Callable[[], int]


# -- invitations -----------------------------------------------------------------------------------


def test_both_sides_are_invited_with_a_calendar_file_in_their_own_time(
    engagement: Engagement, drain: Drain, mailbox: Mailbox
) -> None:
    begin(engagement)
    run_planners()
    drain()
    assert engagement.sponsor is not None
    client = mailbox.to(engagement.sponsor.email)
    assert len(client) == len(mailbox.to(engagement.lead.person.email)) == 3
    [first] = [mail for mail in client if "5 October 2026" in str(mail.get_body(("plain",)))]
    when = "Mon 5 October 2026, 15:00 (London, UTC+1)"
    assert first["Subject"].strip() == f"Monthly review with {engagement.lead.name}: {when}"
    assert all(
        mail["Subject"].strip().startswith("Monthly review with Northwind: ")
        for mail in mailbox.to(engagement.lead.person.email)
    )
    text = first.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Mon 5 October 2026, 15:00 (London, UTC+1)" in text
    [file] = first.iter_attachments()
    calendar = Calendar.from_ical(file.get_content())
    [event] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST"
    assert event["SUMMARY"] == f"Monthly review with {engagement.lead.name}"
    assert event["UID"] == booking_of(only(engagement, OCTOBER)).uid


# -- held, missed, called off ----------------------------------------------------------------------


def test_held_with_its_summary_to_the_sponsor_at_once(
    planned: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    set_clock(FIRST + timedelta(minutes=50))
    with transaction():
        only(planned, OCTOBER).hold(planned.lead.person, "Margins up.\n\nAda fixes returns by May.")
    drain()
    review = only(planned, OCTOBER)
    assert (review.state, booking_of(review).state) == ("held", "held")
    [mail] = [mail for mail in mailbox.messages if "came to" in mail["Subject"]]
    assert planned.sponsor is not None and planned.sponsor.email in str(mail["To"])
    assert "Ada fixes returns by May." in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("when", [FIRST - timedelta(minutes=1), KICKOFF])
def test_a_review_that_has_not_begun_cannot_be_held(
    planned: Engagement, set_clock: SetClock, when: datetime
) -> None:
    set_clock(when)
    with pytest.raises(IllegalReview):
        only(planned, OCTOBER).hold(planned.lead.person, "Early")
    assert only(planned, OCTOBER).state == "booked"


def test_a_review_is_held_once(planned: Engagement, set_clock: SetClock) -> None:
    set_clock(FIRST + timedelta(hours=2))
    with transaction():
        only(planned, OCTOBER).hold(planned.lead.person, "First")
    with pytest.raises(IllegalReview):
        only(planned, OCTOBER).hold(planned.lead.person, "Second")
    assert only(planned, OCTOBER).summary == "First"


@pytest.mark.parametrize(
    ("day", "state"), [(date(2026, 10, 24), "booked"), (date(2026, 10, 26), "missed")]
)
def test_missed_by_the_25th_when_nobody_recorded_it(
    planned: Engagement, drain: Drain, set_clock: SetClock, day: date, state: str
) -> None:
    set_clock(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    run_planners()
    drain()
    review = only(planned, OCTOBER)
    assert (review.state, booking_of(review).state) == (state, "booked")
    assert {each.state for each in reviews(planned)[1:]} == {"booked"}


def test_a_review_at_the_end_of_the_month_is_given_days_to_be_recorded(
    at_work: None, drain: Drain, set_clock: SetClock
) -> None:
    engagement = kicked_off(KICKOFF)
    begin_on(engagement, 30, date(2026, 9, 1))
    run_planners()
    drain()
    for day, state in ((1, "booked"), (3, "booked"), (5, "booked"), (6, "missed")):
        set_clock(datetime(2026, 10, day, 20, tzinfo=UTC))
        run_planners()
        drain()
        assert reviews(engagement)[0].state == state


def test_an_engagement_that_ends_takes_its_reviews_out_of_the_calendars(
    planned: Engagement, drain: Drain, mailbox: Mailbox
) -> None:
    planned.stage = "ended"
    with transaction():
        outbox.enqueue("reviews.unschedule", planned.id)
    drain()
    assert {review.state for review in reviews(planned)} == {"cancelled"}
    assert {booking_of(review).state for review in reviews(planned)} == {"cancelled"}
    run_planners()
    assert len(reviews(planned)) == 3


def test_reviews_left_standing_after_the_end_are_found(planned: Engagement, drain: Drain) -> None:
    planned.stage = "ended"
    run_planners()
    drain()
    assert {review.state for review in reviews(planned)} == {"cancelled"}


def test_a_held_review_stays_held_when_the_engagement_ends(
    planned: Engagement, drain: Drain, set_clock: SetClock
) -> None:
    set_clock(FIRST + timedelta(hours=1))
    with transaction():
        only(planned, OCTOBER).hold(planned.lead.person, "Done")
        outbox.enqueue("reviews.unschedule", planned.id)
    drain()
    assert [review.state for review in reviews(planned)] == ["held", "cancelled", "cancelled"]
