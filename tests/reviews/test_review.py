"""One review: placed, invited to, reminded of, held, missed, called off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import select

from tests import make
from tests.mail import Mailbox
from tests.reviews.conftest import KICKOFF, begin, kicked_off, only, reviews, run_planners
from webapp import outbox
from webapp.access import Role
from webapp.booking.models import Booking, DateOverride
from webapp.db import session, transaction
from webapp.engagements.models import Assignment, Engagement
from webapp.reviews.models import IllegalReview, Review

SetClock = Callable[[datetime], None]
Drain = Callable[[], int]
OCTOBER = date(2026, 10, 1)
# The 3rd of October is a Saturday, so it is on the 5th; ten in New York is 14:00 in UTC.
FIRST = datetime(2026, 10, 5, 14, 0, tzinfo=UTC)


@pytest.fixture
def planned(engagement: Engagement, drain: Drain) -> Engagement:
    begin(engagement)
    run_planners()
    drain()
    return engagement


def booking_of(review: Review) -> Booking:
    assert review.booking is not None
    return review.booking


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


# -- placing ---------------------------------------------------------------------------------------


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


# -- invitations and reminders ---------------------------------------------------------------------


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
    assert first["Subject"] == "Monthly review: Northwind is booked"
    text = first.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Mon 5 October 2026, 15:00 (London, UTC+1)" in text
    [file] = first.iter_attachments()
    calendar = Calendar.from_ical(file.get_content())
    [event] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST"
    assert event["UID"] == booking_of(only(engagement, OCTOBER)).uid


def reminders(mailbox: Mailbox) -> list[str]:
    return sorted(str(mail["To"]) for mail in mailbox.messages if "Tomorrow" in mail["Subject"])


def live_until(instant: datetime, set_clock: SetClock, drain: Drain, start: datetime) -> None:
    """Hour by hour, as the world would go by."""
    at = start
    while at <= instant:
        set_clock(at)
        run_planners()
        drain()
        at += timedelta(hours=12)


def test_both_sides_are_reminded_once_a_day_before(
    planned: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    set_clock(FIRST - timedelta(hours=25))
    run_planners()
    drain()
    assert reminders(mailbox) == []
    live_until(FIRST + timedelta(days=1), set_clock, drain, FIRST - timedelta(hours=24))
    assert len(reminders(mailbox)) == 2
    assert len(set(reminders(mailbox))) == 2


def test_nobody_is_reminded_of_a_time_that_was_moved(
    planned: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    later = FIRST + timedelta(days=2)
    set_clock(FIRST - timedelta(hours=40))
    run_planners()
    with transaction():
        booking_of(only(planned, OCTOBER)).move(later)
    live_until(FIRST, set_clock, drain, FIRST - timedelta(hours=24))
    assert reminders(mailbox) == []
    live_until(later, set_clock, drain, FIRST + timedelta(hours=12))
    assert len(reminders(mailbox)) == 2


def test_nobody_is_reminded_of_what_was_called_off(
    planned: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    set_clock(FIRST - timedelta(hours=40))
    run_planners()
    with transaction():
        only(planned, OCTOBER).cancel("No longer needed")
    live_until(FIRST, set_clock, drain, FIRST - timedelta(hours=24))
    assert reminders(mailbox) == []


def test_a_reminder_that_comes_too_late_is_not_sent(
    planned: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    set_clock(FIRST - timedelta(hours=40))
    run_planners()
    set_clock(FIRST - timedelta(hours=1))
    run_planners()
    drain()
    assert reminders(mailbox) == []


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
    assert (review.state, booking_of(review).state) == (state, state)
    assert {each.state for each in reviews(planned)[1:]} == {"booked"}


def test_a_review_at_the_end_of_the_month_is_given_days_to_be_recorded(
    at_work: None, drain: Drain, set_clock: SetClock
) -> None:
    engagement = kicked_off(datetime(2026, 8, 31, 14, tzinfo=UTC))
    begin(engagement)
    run_planners()
    drain()
    for day, state in ((1, "booked"), (3, "missed")):
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
