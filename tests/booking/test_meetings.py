"""Meetings: confirmed, placed, moved, called off, held; and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from tests import make
from tests.booking.rows import at, claims, used
from tests.mail import Mailbox
from webapp import clock
from webapp.booking import upkeep
from webapp.booking.models import (
    Booking,
    CapacityUse,
    Hold,
    MeetingOver,
    NoCapacity,
    NotOffered,
    SlotTaken,
)
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.outbox import Job

pytestmark = pytest.mark.usefixtures("today")
ZONE = "America/New_York"
Clock = Callable[[datetime], None]


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant(person=make.person(make.Role.CONSULTANT, name="Ada"))


@pytest.fixture
def engagement(consultant: Consultant) -> Engagement:
    """Under way, with a live hold on the 3rd at ten."""
    made = make.engagement(consultant=consultant)
    placeholder, made.hold = made.hold, Hold.take(made.offering, consultant, at(3, 10), ZONE)
    session.flush()
    session.delete(placeholder)
    return made


def confirmed(engagement: Engagement) -> Booking:
    people = [(engagement.sponsor, "client"), (engagement.hold.consultant.person, "consultant")]
    return Booking.confirm(engagement.hold, engagement.id, "Kick-off: Larkspur", people)  # type: ignore[arg-type]


def scheduled(engagement: Engagement, start: datetime, *others: Consultant) -> Booking:
    return Booking.schedule(
        "review", engagement.id, [engagement.hold.consultant, *others], start, 60, ZONE,
        "Review", "https://meet.example.com/r", [(engagement.sponsor, "client")],
    )  # fmt: skip


# -- confirming ------------------------------------------------------------------------------------


def test_a_hold_becomes_the_booking(engagement: Engagement, consultant: Consultant) -> None:
    booking = confirmed(engagement)
    assert engagement.hold.state == "confirmed"
    assert claims(consultant) == [("booking", at(3, 10))]
    assert set(used(consultant).values()) == {4}
    assert (booking.kind, booking.place) == ("kickoff", "https://meet.example.com/room")


def test_confirming_twice_is_one_booking(engagement: Engagement, consultant: Consultant) -> None:
    assert confirmed(engagement).id == confirmed(engagement).id
    assert claims(consultant) == [("booking", at(3, 10))]


def test_a_lapsed_hold_is_confirmed_while_the_time_is_free(
    engagement: Engagement, consultant: Consultant, set_clock: Clock
) -> None:
    set_clock(at(2, 9))
    confirmed(engagement)
    assert claims(consultant) == [("booking", at(3, 10))]
    assert set(used(consultant).values()) == {4}


def test_a_lapsed_hold_whose_time_is_taken_is_refused(
    engagement: Engagement, consultant: Consultant, set_clock: Clock
) -> None:
    set_clock(at(1, 9))
    Hold.take(engagement.offering, consultant, at(3, 10, 30), ZONE)
    with pytest.raises(SlotTaken) as refused:
        confirmed(engagement)
    assert refused.value.alternatives
    assert claims(consultant) == [("hold", at(3, 10, 30))]


def test_a_lapsed_hold_whose_days_are_sold_is_refused(
    engagement: Engagement, consultant: Consultant, set_clock: Clock
) -> None:
    set_clock(at(1, 9))
    for hour in (9, 11, 13):
        Hold.take(engagement.offering, consultant, at(4, hour), ZONE)
    with pytest.raises(NoCapacity):
        confirmed(engagement)
    assert set(used(consultant).values()) == {12}


def test_a_kick_off_whose_time_has_passed_is_refused(
    engagement: Engagement, set_clock: Clock
) -> None:
    set_clock(at(3, 11))
    with pytest.raises(SlotTaken):
        confirmed(engagement)


def test_a_confirmed_hold_is_not_moved_or_released(engagement: Engagement) -> None:
    confirmed(engagement)
    with pytest.raises(NotOffered):
        engagement.hold.move(at(4, 10))
    with pytest.raises(NotOffered):
        engagement.hold.release()


# -- placing by rule -------------------------------------------------------------------------------


def test_a_rule_places_off_the_grid_and_without_notice(
    engagement: Engagement, consultant: Consultant, set_clock: Clock
) -> None:
    set_clock(at(4, 9, 30))
    scheduled(engagement, at(4, 10, 10))
    assert ("booking", at(4, 10, 10)) in claims(consultant)


@pytest.mark.parametrize(
    "start", [at(3, 10, 30), at(4, 18), at(5, 10)], ids=["taken", "late", "Saturday"]
)
def test_a_rule_gives_way_with_alternatives(engagement: Engagement, start: datetime) -> None:
    with pytest.raises(SlotTaken) as refused:
        scheduled(engagement, start)
    assert len(refused.value.alternatives) == 3


# -- moving ----------------------------------------------------------------------------------------


def test_b21_moving_keeps_the_uid_and_counts_up(
    engagement: Engagement, consultant: Consultant
) -> None:
    booking = confirmed(engagement)
    uid = booking.uid
    booking.move(at(4, 10))
    assert (booking.uid, booking.sequence, booking.starts_at) == (uid, 1, at(4, 10))
    assert booking.ends_at == at(4, 11)
    assert claims(consultant) == [("booking", at(4, 10))]


def test_b20_a_target_that_overlaps_the_meeting_itself_is_accepted(
    engagement: Engagement, consultant: Consultant
) -> None:
    booking = confirmed(engagement)
    booking.move(at(3, 10, 30))
    assert claims(consultant) == [("booking", at(3, 10, 30))]


def test_b19_moving_to_a_taken_time_keeps_the_original(
    engagement: Engagement, consultant: Consultant
) -> None:
    booking = confirmed(engagement)
    scheduled(engagement, at(4, 10))
    with pytest.raises(SlotTaken):
        booking.move(at(4, 10, 30))
    assert (booking.starts_at, booking.sequence) == (at(3, 10), 0)
    assert claims(consultant) == [("booking", at(3, 10)), ("booking", at(4, 10))]


@pytest.mark.parametrize("start", [at(4, 10, 7), at(4, 20), at(1, 8, 30), at(1, 7)])
def test_moving_to_a_time_not_on_offer(engagement: Engagement, start: datetime) -> None:
    booking = confirmed(engagement)
    with pytest.raises(NotOffered):
        booking.move(start)
    assert booking.starts_at == at(3, 10)


def test_moving_needs_everybody_free(engagement: Engagement, consultant: Consultant) -> None:
    second = make.consultant()
    booking = scheduled(engagement, at(4, 10), second)
    Hold.take(engagement.offering, second, at(7, 10), ZONE)
    with pytest.raises(SlotTaken):
        booking.move(at(7, 10))
    booking.move(at(7, 12))
    assert ("booking", at(7, 12)) in claims(consultant)
    assert ("booking", at(7, 12)) in claims(second)


def test_what_has_begun_is_not_moved(engagement: Engagement, set_clock: Clock) -> None:
    booking = confirmed(engagement)
    set_clock(at(3, 10, 1))
    with pytest.raises(MeetingOver):
        booking.move(at(4, 10))


# -- calling off, holding --------------------------------------------------------------------------


def test_calling_off_frees_the_time(engagement: Engagement, consultant: Consultant) -> None:
    booking = confirmed(engagement)
    booking.cancel("changed plans")
    assert (booking.state, booking.sequence) == ("cancelled", 1)
    assert claims(consultant) == []
    with pytest.raises(MeetingOver):
        booking.cancel("again")


@pytest.mark.parametrize("verb, state, begins", [("hold", "held", 0), ("miss", "missed", 15)])
def test_holding_waits_for_the_start_and_missing_for_a_quarter_of_an_hour(
    engagement: Engagement, set_clock: Clock, verb: str, state: str, begins: int
) -> None:
    booking = confirmed(engagement)
    set_clock(at(3, 10) + timedelta(minutes=begins, seconds=-5))
    with pytest.raises(MeetingOver):
        getattr(booking, verb)()
    set_clock(at(3, 10) + timedelta(minutes=begins, seconds=1))
    getattr(booking, verb)()
    assert booking.state == state


def test_only_attendees_and_the_firm_see_a_meeting(engagement: Engagement) -> None:
    booking = confirmed(engagement)
    seen = lambda person: session.scalars(Booking.visible_to(person)).all()  # noqa: E731
    assert seen(engagement.sponsor) == [booking]
    assert seen(make.person(make.Role.FINANCE)) == [booking]
    assert seen(make.person(make.Role.SPONSOR, company=make.company())) == []


# -- capacity in the long run ----------------------------------------------------------------------


def test_capacity_is_given_back_from_a_month_on(
    engagement: Engagement, consultant: Consultant
) -> None:
    confirmed(engagement)
    engagement.hold.free_capacity(date(2027, 3, 15))
    assert list(used(consultant)) == [date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)]
    engagement.hold.extend_capacity()
    assert max(used(consultant)) == date(2027, 2, 1)


def test_planner_keeps_a_running_retainer_a_year_ahead(
    engagement: Engagement, consultant: Consultant, set_clock: Clock, drain: Callable[[], int]
) -> None:
    confirmed(engagement)
    set_clock(at(2, 9, month=2).replace(year=2027))
    for _ in range(2):
        upkeep.plan_capacity()
    assert drain() == 1
    keys = session.scalars(select(Job.dedupe_key).where(Job.task == "booking.extend_capacity"))
    assert keys.all() == [f"capacity:{engagement.hold_id}:2028-01-01"]
    assert max(used(consultant)) == date(2028, 1, 1)
    assert set(used(consultant).values()) == {4}


def test_running_retainers_go_on_where_the_days_were_sold(
    engagement: Engagement, consultant: Consultant, set_clock: Clock
) -> None:
    confirmed(engagement)
    consultant.days_per_month = 2
    set_clock(at(2, 9, month=1).replace(year=2027))
    engagement.hold.extend_capacity()
    assert used(consultant)[date(2027, 12, 1)] == 4


def test_sweep_clears_what_lapsed_and_nothing_else(
    engagement: Engagement, consultant: Consultant, set_clock: Clock
) -> None:
    kept = Hold.take(engagement.offering, consultant, at(4, 10), ZONE)
    kept.keep_until(clock.now() + timedelta(days=2))
    set_clock(at(1, 9))
    upkeep.sweep_expired_holds()
    assert claims(consultant) == [("hold", at(4, 10))]
    assert {use.hold_id for use in session.query(CapacityUse)} == {kept.id}


# -- telling ---------------------------------------------------------------------------------------


def calendar_part(message: Any) -> tuple[str, Calendar]:
    [part] = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    return part.get_param("method"), Calendar.from_ical(part.get_payload(decode=True))


def test_b21_both_sides_are_told_of_a_move_in_their_own_zone(
    engagement: Engagement, mailbox: Mailbox, drain: Callable[[], int]
) -> None:
    engagement.sponsor.time_zone = ZONE  # type: ignore[union-attr]
    booking = confirmed(engagement)
    booking.move(at(4, 14))
    drain()
    [to_client] = mailbox.to(engagement.sponsor.email)  # type: ignore[union-attr]
    [to_consultant] = mailbox.to(engagement.hold.consultant.person.email)
    text = to_client.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Fri 4 December 2026, 09:00 (New York, UTC−5)" in text
    assert "Thu 3 December 2026, 05:00 (New York, UTC−5)" in text
    assert "at another time.\r\n\r\nNew time: " in text
    assert "\r\n\r\nThe attached file moves it in your calendar as well.\r\n\r\n" in text
    lead = engagement.hold.consultant.name
    assert to_client["Subject"].startswith(f"Moved: Kick-off with {lead}, now Fri 4 December")
    text = to_consultant.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Fri 4 December 2026, 14:00 (London, UTC)" in text
    method, file = calendar_part(to_client)
    [event] = file.walk("VEVENT")
    assert (method, file["method"]) == ("REQUEST", "REQUEST")
    assert (str(event["uid"]), event["sequence"]) == (booking.uid, 1)


def test_two_quick_moves_are_told_once(
    engagement: Engagement, mailbox: Mailbox, drain: Callable[[], int]
) -> None:
    booking = confirmed(engagement)
    booking.move(at(4, 10))
    booking.move(at(4, 14))
    drain()
    assert len(mailbox.messages) == 2
    assert all("14:00" in subject for subject in mailbox.subjects)


def test_b21_calling_off_sends_a_cancellation_of_the_same_uid(
    engagement: Engagement, mailbox: Mailbox, drain: Callable[[], int]
) -> None:
    booking = confirmed(engagement)
    booking.cancel("changed plans")
    drain()
    assert len(mailbox.messages) == 2
    [to_client] = mailbox.to(engagement.sponsor.email)  # type: ignore[union-attr]
    lead = engagement.hold.consultant.name
    when = "Thu 3 December 2026, 10:00 (London, UTC)"
    assert to_client["Subject"] == f"Called off: Kick-off with {lead}, {when}"
    text = to_client.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "does not take place.\r\n\r\nWas planned for: " in text
    method, file = calendar_part(mailbox.messages[0])
    [event] = file.walk("VEVENT")
    assert (method, file["method"], event["status"]) == ("CANCEL", "CANCEL", "CANCELLED")
    assert (str(event["uid"]), event["sequence"]) == (booking.uid, 1)


def test_nobody_is_told_of_what_is_over_by_then(
    engagement: Engagement, mailbox: Mailbox, drain: Callable[[], int], set_clock: Clock
) -> None:
    confirmed(engagement).cancel("changed plans")
    set_clock(at(4, 9))
    drain()
    assert mailbox.messages == []
