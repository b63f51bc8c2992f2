"""How a review series begins, and which months it fills."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from tests import make
from tests.counting import counting
from tests.reviews.conftest import (
    KICKOFF,
    NOW,
    begin,
    jobs,
    kicked_off,
    months,
    reviews,
    run_planners,
)
from webapp import outbox
from webapp.booking.models import CalendarRules, DateOverride, WeeklyWindow
from webapp.db import session, transaction
from webapp.engagements.models import Engagement
from webapp.outbox import Job
from webapp.reviews import planning
from webapp.reviews.models import Review, ReviewSeries
from webapp.reviews.rule import DayOfMonth, Rule

SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (date(2026, month, 1) for month in (9, 10, 11, 12))
SetClock = Callable[[datetime], None]


def test_monthly_on_the_day_of_the_kickoff_at_ten_where_the_client_is(
    engagement: Engagement,
) -> None:
    series = begin(engagement)
    assert series.rule == {
        "kind": "day_of_month", "day": 3, "at": "10:00", "time_zone": "America/New_York",
    }  # fmt: skip
    assert (series.first_month, series.minutes) == (OCTOBER, 60)


def test_the_first_review_leaves_three_weeks_to_look_back_on(at_work: None) -> None:
    """Kicked off on the 31st of August, a Monday: the 30th of September is a month later."""
    series = begin(kicked_off(datetime(2026, 8, 31, 14, tzinfo=UTC)))
    assert series.first_month == SEPTEMBER


def test_the_time_is_the_nearest_at_which_the_consultant_works(at_work: None) -> None:
    """London opens at nine: five in the afternoon in Tokyo, and six in winter. Six suits all year,
    though the kick-off was at eleven at night."""
    company = make.company(time_zone="Asia/Tokyo", country="JP")
    series = begin(kicked_off(KICKOFF, company=company))
    assert series.rule["at"] == "18:00"


def test_a_day_off_says_nothing_about_the_months_to_come(at_work: None) -> None:
    company = make.company(country="US")
    consultant = make.consultant()
    make.saved(DateOverride(consultant_id=consultant.id, on=date(2026, 10, 5), windows=[]))
    series = begin(kicked_off(KICKOFF, company=company, consultant=consultant))
    assert series.rule["at"] == "10:00"


def test_a_consultant_without_any_hours_gets_a_series_all_the_same(
    at_work: None, drain: Callable[[], int]
) -> None:
    engagement = kicked_off(KICKOFF)
    consultant_id = engagement.lead.id
    session.execute(delete(WeeklyWindow).where(WeeklyWindow.consultant_id == consultant_id))
    session.execute(delete(CalendarRules).where(CalendarRules.consultant_id == consultant_id))
    begin(engagement)
    run_planners()
    drain()
    assert {(review.state, bool(review.note)) for review in reviews(engagement)} == {("due", True)}


def test_a_diagnostic_has_no_monthly_review(at_work: None) -> None:
    engagement = kicked_off(KICKOFF, offering=make.offering(kind="diagnostic", weeks=4))
    ReviewSeries.begin(engagement)
    assert ReviewSeries.of(engagement.id) is None


def test_beginning_twice_is_one_series(engagement: Engagement) -> None:
    begin(engagement)
    begin(engagement)
    assert session.scalar(select(func.count()).select_from(ReviewSeries)) == 1


def test_the_job_begins_and_fills_three_months_at_once(
    engagement: Engagement, drain: Callable[[], int]
) -> None:
    with transaction():
        outbox.enqueue("reviews.begin_series", engagement.id)
    drain()
    assert months(engagement) == [OCTOBER, NOVEMBER, DECEMBER]
    assert {review.state for review in reviews(engagement)} == {"booked"}


def test_planning_again_adds_nothing(engagement: Engagement) -> None:
    begin(engagement)
    run_planners()
    run_planners()
    assert months(engagement) == [OCTOBER, NOVEMBER, DECEMBER]
    assert jobs("reviews.place") == 3


def test_b25_four_planners_at_once_are_one(engagement: Engagement, app: Flask) -> None:
    others = [kicked_off(KICKOFF) for _ in range(5)]
    for each in [engagement, *others]:
        begin(each)
    barrier = threading.Barrier(4)
    faults: list[BaseException] = []

    def run() -> None:
        with app.app_context():
            barrier.wait()
            try:
                with transaction():
                    planning.plan_reviews()
            except BaseException as fault:
                faults.append(fault)
            finally:
                session.remove()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert {tuple(months(each)) for each in [engagement, *others]} == {
        (OCTOBER, NOVEMBER, DECEMBER)
    }
    assert jobs("reviews.place") == 18


def test_a_planner_that_dies_leaves_nothing_and_the_next_does_it_all(
    engagement: Engagement,
) -> None:
    begin(engagement)
    with pytest.raises(KeyboardInterrupt), transaction():
        planning.plan_reviews()
        raise KeyboardInterrupt
    assert (months(engagement), jobs("reviews.place")) == ([], 0)
    run_planners()
    assert (len(months(engagement)), jobs("reviews.place")) == (3, 3)


def test_no_planner_for_45_days_and_each_month_is_filled_once(
    engagement: Engagement, set_clock: SetClock
) -> None:
    begin(engagement)
    run_planners()
    set_clock(datetime(2026, 9, 1, 12, tzinfo=UTC) + timedelta(days=45))
    run_planners()
    assert months(engagement) == [OCTOBER, NOVEMBER, DECEMBER, date(2027, 1, 1)]


def test_a_hole_is_filled_by_the_next_day(
    engagement: Engagement, drain: Callable[[], int], set_clock: SetClock
) -> None:
    begin(engagement)
    run_planners()
    drain()
    session.execute(delete(Review).where(Review.month == NOVEMBER))
    session.commit()
    set_clock(NOW + timedelta(days=1))
    run_planners()
    drain()
    assert months(engagement) == [OCTOBER, NOVEMBER, DECEMBER]


@pytest.mark.parametrize("stage", ["enquiry", "signed", "ended", "lost"])
def test_only_running_engagements_are_planned(at_work: None, stage: str) -> None:
    engagement = kicked_off(KICKOFF)
    begin(engagement)
    engagement.stage = stage
    session.commit()
    run_planners()
    assert months(engagement) == []


def test_b26_the_31st_is_clamped_in_the_database_too_and_never_drifts(at_work: None) -> None:
    engagement = kicked_off(datetime(2026, 8, 7, 14, tzinfo=UTC))
    series = begin(engagement)
    series.first_month = date(2027, 1, 1)
    session.commit()
    run_planners()
    assert series.when == Rule(DayOfMonth(31), series.when.at, "America/New_York")
    assert [review.due_on for review in reviews(engagement)] == [
        date(2027, 1, 29),  # the 31st is a Sunday, and the month ends with it
        date(2027, 2, 26),  # the 28th is a Sunday
        date(2027, 3, 31),
    ]


def test_b27_either_sides_holidays_are_avoided(at_work: None) -> None:
    """26 November 2026 is Thanksgiving, 28 December a British holiday for Boxing Day."""
    engagement = kicked_off(
        datetime(2026, 9, 2, 14, tzinfo=UTC), company=make.company(country="US")
    )
    begin(engagement)
    run_planners()
    due = {review.month: review.due_on for review in reviews(engagement)}
    assert due[NOVEMBER] == date(2026, 11, 27)
    assert due[DECEMBER] == date(2026, 12, 29)


def test_a_country_nobody_knows_has_no_holidays(at_work: None) -> None:
    engagement = kicked_off(KICKOFF, company=make.company(country="Atlantis"))
    begin(engagement)
    run_planners()
    assert len(months(engagement)) == 3


def test_planning_many_takes_as_many_statements_as_planning_one(at_work: None) -> None:
    def statements(engagements: int) -> int:
        for _ in range(engagements):
            begin(kicked_off(KICKOFF))
        with counting() as queries, transaction():
            planning.plan_reviews()
        session.execute(delete(Job))
        session.commit()
        return len(queries)

    assert statements(1) == statements(8) <= 5


def test_idle_planners_ask_one_question_each(engagement: Engagement) -> None:
    begin(engagement)
    run_planners()
    session.execute(delete(Job))
    session.commit()
    for plan in (
        planning.plan_reviews,
        planning.plan_second_tries,
        planning.plan_missed,
        planning.plan_cancellations,
    ):
        with counting() as queries, transaction():
            plan()
        assert len(queries) == 1, plan.__name__


def test_ten_thousand_reviews_in_one_go(engagement: Engagement) -> None:
    """More rows than a statement has room for parameters."""
    rows = [("tests.nothing", [number], f"tests:{number}", None) for number in range(10_000)]
    with transaction():
        outbox.enqueue_all(rows)
        outbox.enqueue_all(rows)
    assert jobs("tests.nothing") == 10_000
