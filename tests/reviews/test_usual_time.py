"""At what time a new series meets, and that none is put into the client's night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import delete

from tests import make
from tests.reviews.conftest import KICKOFF, begin, booking_of, kicked_off, reviews, run_planners
from webapp.booking.models import WeeklyWindow
from webapp.catalog.models import Consultant
from webapp.db import session

Drain = Callable[[], int]


def hours_of(who: Consultant, starts: str, ends: str, besides: int | None = None) -> None:
    """Each weekday but one, 0 being Sunday."""
    ours = session.query(WeeklyWindow).filter_by(consultant_id=who.id)
    ours.update({"starts": starts, "ends": ends})
    session.execute(
        delete(WeeklyWindow).where(
            WeeklyWindow.consultant_id == who.id, WeeklyWindow.weekday == besides
        )
    )


def test_the_kickoffs_own_time_where_no_working_hours_meet(at_work: None) -> None:
    """Nine to five in New York is the evening in Kathmandu: 19:45, never three at night."""
    consultant = make.consultant(time_zone="America/New_York", country="US")
    company = make.company(time_zone="Asia/Kathmandu", country="NP")
    series = begin(kicked_off(KICKOFF, company=company, consultant=consultant))
    assert series.rule["at"] == "19:45"


def test_a_weekday_off_does_not_push_it_to_midnight(at_work: None) -> None:
    """Eight in Los Angeles is 17:00 in Berlin, on all days but Wednesday."""
    consultant = make.consultant(time_zone="America/Los_Angeles", country="US")
    hours_of(consultant, "08:00", "16:00", besides=3)
    company = make.company(time_zone="Europe/Berlin", country="DE")
    # The 16th of September, the day of the kick-off, makes it the 9th: a Wednesday in December.
    kick_off = datetime(2026, 9, 16, 15, tzinfo=UTC)
    series = begin(kicked_off(kick_off, company=company, consultant=consultant))
    assert series.rule["at"] == "17:00"


def test_both_halves_of_the_year_count(at_work: None) -> None:
    """From ten in London: 18:00 in Singapore in winter, 17:00 in summer. Six suits all year."""
    consultant = make.consultant()
    hours_of(consultant, "10:00", "17:00")
    company = make.company(time_zone="Asia/Singapore", country="SG")
    series = begin(kicked_off(KICKOFF, company=company, consultant=consultant))
    assert series.rule["at"] == "18:00"


def test_a_month_that_does_not_fit_is_a_task_and_no_invitation_for_the_night(
    at_work: None, drain: Drain
) -> None:
    """London's nine is eight in the evening in Auckland in July, and ten at night in January."""
    company = make.company(time_zone="Pacific/Auckland", country="NZ")
    engagement = kicked_off(KICKOFF, company=company)
    series = begin(engagement)
    assert series.rule["at"] == "20:00"
    run_planners()
    drain()
    assert {(one.state, bool(one.note)) for one in reviews(engagement)} == {("due", True)}


def test_conflicts_never_move_it_into_the_night(at_work: None, drain: Drain) -> None:
    """Somebody chose three at night, when the consultant is off: it moves into the day."""
    consultant = make.consultant(time_zone="America/New_York", country="US")
    hours_of(consultant, "00:00", "18:00")
    company = make.company(time_zone="Asia/Kathmandu", country="NP")
    engagement = kicked_off(KICKOFF, company=company, consultant=consultant)
    series = begin(engagement)
    series.rule = {**series.rule, "at": "04:00"}
    session.commit()
    run_planners()
    drain()
    zone = ZoneInfo("Asia/Kathmandu")
    starts = [booking_of(one).starts_at.astimezone(zone).time() for one in reviews(engagement)]
    assert starts and all(time(7) <= at <= time(20) for at in starts)
