"""When there is no time, or nobody came: never silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete

from tests import make
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
from webapp.access import Role
from webapp.booking.models import DateOverride, WeeklyWindow
from webapp.db import session, transaction
from webapp.desk.queries.needs import needs_of
from webapp.engagements.models import Assignment, Engagement
from webapp.reviews.models import Review

SetClock = Callable[[datetime], None]
Drain = Callable[[], int]


def away(engagement: Engagement, days: Sequence[date]) -> None:
    who = engagement.lead.id
    make.saved(*[DateOverride(consultant_id=who, on=on, windows=[]) for on in days])
    session.commit()


def around(day: date, before: int, after: int) -> list[date]:
    return [day + timedelta(days=number) for number in range(-before, after + 1)]


def live(drain: Drain) -> None:
    run_planners()
    drain()


def subjects(mailbox: Mailbox, address: str, part: str) -> list[str]:
    found = (" ".join(str(mail["Subject"]).split()) for mail in mailbox.to(address))
    return [subject for subject in found if part in subject]


@pytest.fixture
def homeless(engagement: Engagement, drain: Drain, mailbox: Mailbox) -> Engagement:
    """October found no time; the other months did."""
    begin(engagement)
    away(engagement, around(FIRST.date(), 7, 9))
    live(drain)
    assert only(engagement, OCTOBER).state == "due"
    return engagement


# -- no time ---------------------------------------------------------------------------------------


def test_no_time_is_a_task_for_the_consultant_and_one_mail(
    homeless: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    consultant = homeless.lead.person
    needs = [need for need in needs_of(consultant) if need.kind == "unplaced"]
    assert [need.subject_id for need in needs] == [only(homeless, OCTOBER).id]
    for day in (2, 3, 4):
        set_clock(datetime(2026, 9, day, 12, tzinfo=UTC))
        live(drain)
    told = subjects(mailbox, consultant.email, "No free time")
    assert told == ["No free time for the review of October with Northwind"]


def test_still_without_a_time_on_the_tenth_its_consultant_is_told_once_more(
    homeless: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    consultant = homeless.lead.person
    for day, count in ((9, 0), (10, 1), (11, 1), (12, 1)):
        set_clock(datetime(2026, 10, day, 20, tzinfo=UTC))
        live(drain)
        assert len(subjects(mailbox, consultant.email, "Still no time")) == count


def test_a_month_without_its_review_reaches_the_coordinator(
    homeless: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    coordinator = make.person(Role.COORDINATOR)
    session.commit()
    for day in (24, 25, 26):
        set_clock(datetime(2026, 10, day, 20, tzinfo=UTC))
        live(drain)
    assert only(homeless, OCTOBER).state == "missed"
    told = subjects(mailbox, coordinator.email, "without a review")
    assert told == ["Northwind went through October without a review"]
    [mail] = [mail for mail in mailbox.to(coordinator.email) if "without" in mail["Subject"]]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "It never found a time." in text and homeless.lead.name in text


def test_room_that_opens_books_it_and_the_task_is_gone(
    homeless: Engagement, drain: Drain, set_clock: SetClock
) -> None:
    session.execute(delete(DateOverride))
    set_clock(datetime(2026, 9, 2, 12, tzinfo=UTC))
    live(drain)
    assert booking_of(only(homeless, OCTOBER)).starts_at == FIRST
    assert [need.kind for need in needs_of(homeless.lead.person) if need.kind == "unplaced"] == []


def test_a_conflict_never_takes_it_into_the_next_month(at_work: None, drain: Drain) -> None:
    """Due on Friday the 30th of October: the days before are nearer than the 2nd of November."""
    engagement = kicked_off(KICKOFF)
    begin_on(engagement, 30, OCTOBER)
    away(engagement, [date(2026, 10, 29), date(2026, 10, 30)])
    live(drain)
    assert booking_of(only(engagement, OCTOBER)).starts_at.date() == date(2026, 10, 28)


def test_a_month_end_that_is_all_taken_asks_people_rather_than_the_next_month(
    at_work: None, drain: Drain
) -> None:
    engagement = kicked_off(KICKOFF)
    begin_on(engagement, 30, OCTOBER)
    away(engagement, around(date(2026, 10, 30), 4, 0))
    live(drain)
    assert (only(engagement, OCTOBER).state, only(engagement, OCTOBER).booking) == ("due", None)


# -- two consultants -------------------------------------------------------------------------------


def test_b27_all_consultants_are_free_with_their_own_zones_hours_and_holidays(
    at_work: None, drain: Drain
) -> None:
    """New York with London and Kolkata, which works from noon: ten in New York is 19:30 there.

    So they meet at half past eight, summer and winter.

    The 2nd of October is India's holiday for Gandhi, the 12th one in New York.
    """
    engagement = kicked_off(KICKOFF, company=make.company(country="US"))
    india = make.consultant(time_zone="Asia/Kolkata", country="IN")
    hours = session.query(WeeklyWindow).filter_by(consultant_id=india.id)
    hours.update({"starts": "12:00", "ends": "20:00"})
    make.saved(Assignment(engagement=engagement, consultant=india, leads=False))
    begin_on(engagement, 2, OCTOBER)
    live(drain)
    review = only(engagement, OCTOBER)
    assert review.due_on == date(2026, 10, 5)
    booking = booking_of(review)
    assert {who.id for who in booking.consultants} == {engagement.lead.id, india.id}
    assert booking.starts_at == datetime(2026, 10, 5, 12, 30, tzinfo=UTC)
    assert {who.person_id for who in booking.attendees} >= {engagement.lead.person_id,
                                                            india.person_id}  # fmt: skip


def test_both_consultants_are_asked_when_they_are_never_free_at_once(
    at_work: None, drain: Drain, mailbox: Mailbox
) -> None:
    engagement, other = kicked_off(KICKOFF), make.consultant()
    make.saved(Assignment(engagement=engagement, consultant=other, leads=False))
    for weekday, who in ((1, engagement.lead), (2, other)):
        windows = session.query(WeeklyWindow).filter(WeeklyWindow.consultant_id == who.id)
        windows.filter(WeeklyWindow.weekday != weekday).delete()
    begin(engagement)
    live(drain)
    assert {review.state for review in reviews(engagement)} == {"due"}
    for who in (engagement.lead, other):
        assert len(subjects(mailbox, who.person.email, "No free time")) == 3


# -- what its meeting tells it ---------------------------------------------------------------------


def test_a_meeting_that_is_called_off_and_booked_again_takes_its_review_along(
    planned: Engagement, drain: Drain
) -> None:
    with transaction():
        booking_of(only(planned, OCTOBER)).cancel("Not this month")
    drain()
    review = only(planned, OCTOBER)
    assert (review.state, review.suspended) == ("cancelled", False)
    live(drain)
    assert only(planned, OCTOBER).state == "cancelled"
    with transaction():
        booking_of(only(planned, OCTOBER)).rebook(FIRST + timedelta(days=2))
    drain()
    assert only(planned, OCTOBER).state == "booked"


def test_a_missed_meeting_is_a_missed_review_until_they_did_come(
    planned: Engagement, drain: Drain, mailbox: Mailbox, set_clock: SetClock
) -> None:
    coordinator = make.person(Role.COORDINATOR)
    session.commit()
    set_clock(FIRST + timedelta(minutes=20))
    with transaction():
        booking_of(only(planned, OCTOBER)).miss("client", planned.lead.person)
    drain()
    assert only(planned, OCTOBER).state == "missed"
    assert len(subjects(mailbox, coordinator.email, "without a review")) == 1
    with transaction():
        booking_of(only(planned, OCTOBER)).withdraw_miss()
    drain()
    assert only(planned, OCTOBER).state == "booked"


def test_what_its_meeting_is_not_it_does_not_become(planned: Engagement) -> None:
    """Told late, or twice: the review looks at the meeting again."""
    with transaction():
        review = only(planned, OCTOBER)
        review.called_off("No")
        review.was_missed()
        review.booked_again()
    assert only(planned, OCTOBER).state == "booked"
    assert Review.of_booking(planned.id) is None
