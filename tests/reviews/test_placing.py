"""Placing a review: the rule's time where it is free, the nearest one where it is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from tests import make
from tests.mail import Mailbox
from tests.reviews.conftest import (
    FIRST,
    KICKOFF,
    OCTOBER,
    begin,
    booking_of,
    kicked_off,
    only,
    reviews,
    run_planners,
)
from webapp.access import Role
from webapp.booking.models import Booking, DateOverride
from webapp.db import session, transaction
from webapp.engagements.models import Assignment, Engagement
from webapp.reviews.models import Review

SetClock = Callable[[datetime], None]
Drain = Callable[[], int]


def occupy(engagement: Engagement, starts_at: datetime, minutes: int = 60) -> None:
    """Something else in the consultant's calendar, by the booking room's own verb."""
    with transaction():
        Booking.schedule(
            "review",
            engagement.id,
            [engagement.lead],
            starts_at,
            minutes,
            "UTC",
            "Other",
            "Here",
            [],
        )


def test_it_is_in_both_calendars_at_the_rules_time(planned: Engagement) -> None:
    review = only(planned, OCTOBER)
    booking = booking_of(review)
    assert (review.state, booking.starts_at) == ("booked", FIRST)
    assert (booking.ends_at - booking.starts_at) == timedelta(hours=1)
    assert booking.title == "Monthly review: Northwind"
    assert {who.side: who.person for who in booking.attendees} == {
        "client": planned.sponsor,
        "consultant": planned.lead.person,
    }
    assert booking.place == planned.lead.meeting_place


def test_the_local_time_stays_when_clocks_change(planned: Engagement) -> None:
    """Ten in New York is an hour later in UTC from November on."""
    starts = [booking_of(review).starts_at for review in reviews(planned)]
    assert [at.strftime("%m-%d %H:%M") for at in starts] == [
        "10-05 14:00",
        "11-03 15:00",
        "12-03 15:00",
    ]


def test_leaders_take_part_and_observers_do_not(at_work: None, drain: Drain) -> None:
    company = make.company(country="US")
    leader = make.person(Role.LEADER, company=company)
    make.person(Role.OBSERVER, company=company)
    engagement = kicked_off(KICKOFF, company=company)
    begin(engagement)
    run_planners()
    drain()
    attendees = booking_of(only(engagement, OCTOBER)).people("client")
    assert set(attendees) == {engagement.sponsor, leader}


def test_two_consultants_are_both_taken_or_neither(at_work: None, drain: Drain) -> None:
    engagement, other = kicked_off(KICKOFF), make.consultant()
    make.saved(Assignment(engagement=engagement, consultant=other, leads=False))
    make.saved(DateOverride(consultant_id=other.id, on=FIRST.date(), windows=[]))
    begin(engagement)
    run_planners()
    drain()
    booking = booking_of(only(engagement, OCTOBER))
    assert booking.starts_at == FIRST + timedelta(days=1)
    assert booking.consultants == sorted([engagement.lead, other], key=lambda who: who.id)


def test_a_taken_time_gives_way_to_the_nearest_free_one(
    engagement: Engagement, drain: Drain
) -> None:
    begin(engagement)
    occupy(engagement, FIRST)
    run_planners()
    drain()
    booking = booking_of(only(engagement, OCTOBER))
    assert abs(booking.starts_at - FIRST) == timedelta(minutes=90)


def test_a_day_off_gives_way_to_the_next_business_day(engagement: Engagement, drain: Drain) -> None:
    begin(engagement)
    make.saved(DateOverride(consultant_id=engagement.lead.id, on=FIRST.date(), windows=[]))
    run_planners()
    drain()
    assert booking_of(only(engagement, OCTOBER)).starts_at == FIRST + timedelta(days=1)


def test_nothing_free_leaves_it_due_with_a_note_and_it_is_tried_again_each_day(
    engagement: Engagement, drain: Drain, set_clock: SetClock
) -> None:
    begin(engagement)
    fortnight = [FIRST.date() + timedelta(days=day) for day in range(-10, 10)]
    away = [DateOverride(consultant_id=engagement.lead.id, on=on, windows=[]) for on in fortnight]
    make.saved(*away)
    run_planners()
    drain()
    review = only(engagement, OCTOBER)
    assert (review.state, review.booking) == ("due", None)
    assert "three business days" in review.note
    for override in away:
        session.delete(override)
    set_clock(datetime(2026, 9, 2, 12, tzinfo=UTC))
    run_planners()
    drain()
    review = only(engagement, OCTOBER)
    assert (review.state, review.note) == ("booked", "")
    assert booking_of(review).starts_at == FIRST


def test_placing_twice_is_one_meeting_and_one_mail_each(
    engagement: Engagement, drain: Drain, mailbox: Mailbox
) -> None:
    begin(engagement)
    run_planners()
    drain()
    for review in reviews(engagement):
        with transaction():
            review.place()
    drain()
    assert len(session.scalars(select(Booking)).all()) == 3
    assert len(session.scalars(select(Review)).all()) == 3
    assert len({mail["Message-ID"] for mail in mailbox.messages}) == len(mailbox.messages) == 6
