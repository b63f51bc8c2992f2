"""Planners: retainer periods, and queries that do not grow with the practice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from tests import make
from tests.counting import counting
from tests.elsewhere import elsewhere
from webapp import clock
from webapp.booking.models import Booking
from webapp.db import session
from webapp.engagements import planning
from webapp.engagements.models import Engagement, OnboardingStep, RetainerPeriod, StageChange
from webapp.engagements.planning import access_request_days, is_pulse_day
from webapp.outbox import Job

SetClock = Callable[[datetime], None]
ZONE = "America/New_York"
PLANNERS = [
    planning.plan_payment_reminders,
    planning.plan_lost,
    planning.plan_kickoff_preparations,
    planning.plan_unrecorded_kickoffs,
    planning.plan_access_requests,
    planning.plan_pulses,
    planning.plan_periods,
]


def running(kick_off_on: date, stage: str = "active", **values: object) -> Engagement:
    """An engagement with its first period and a kick-off, in a given stage."""
    made = make.engagement(stage, kick_off_on=kick_off_on, **values)
    starts = datetime.combine(kick_off_on, time(10), ZoneInfo(ZONE))
    made.periods.append(RetainerPeriod.nth(made.id, kick_off_on, 1))
    made.stage_changes.append(StageChange(from_stage="signed", to_stage="onboarding", by="system"))
    made.steps.extend(OnboardingStep.checklist("coo", kick_off_on, kick_off_on))
    session.add(
        Booking(kind="kickoff", engagement_id=made.id, title="Kick-off", starts_at=starts,
                ends_at=starts + timedelta(hours=1), time_zone=ZONE, place="https://meet.example.com",
                uid=str(made.id))
    )  # fmt: skip
    session.flush()
    return made


def periods(engagement: Engagement) -> list[tuple[int, date, str]]:
    session.expire_all()
    return [(row.number, row.starts, row.state) for row in engagement.periods]


def plan_at(set_clock: SetClock, day: date, at: time, zone: str = ZONE) -> None:
    set_clock(datetime.combine(day, at, ZoneInfo(zone)))
    elsewhere(lambda: (planning.plan_periods(), session.commit()))


def test_periods_open_and_close_on_their_local_dates(app: object, set_clock: SetClock) -> None:
    engagement = running(date(2027, 1, 31))
    plan_at(set_clock, date(2027, 1, 30), time(23, 59))
    assert periods(engagement) == [(1, date(2027, 1, 31), "planned")]
    plan_at(set_clock, date(2027, 1, 31), time(0, 1))
    assert periods(engagement) == [(1, date(2027, 1, 31), "open")]
    plan_at(set_clock, date(2027, 2, 27), time(12))
    assert periods(engagement)[1:] == [(2, date(2027, 2, 28), "planned")]
    plan_at(set_clock, date(2027, 2, 28), time(0, 1))
    assert [state for _, _, state in periods(engagement)] == ["closing", "open"]
    plan_at(set_clock, date(2027, 3, 31), time(0, 1))
    assert periods(engagement)[1:] == [
        (2, date(2027, 2, 28), "closing"),
        (3, date(2027, 3, 31), "open"),
    ]


def test_a_long_silence_of_planners_fills_each_month_once(app: object, set_clock: SetClock) -> None:
    engagement = running(date(2027, 1, 31))
    plan_at(set_clock, date(2027, 5, 5), time(12))
    assert [row[1] for row in periods(engagement)] == [
        date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]  # fmt: skip
    plan_at(set_clock, date(2027, 5, 5), time(13))
    assert [state for _, _, state in periods(engagement)] == ["closing"] * 3 + ["open"]


@pytest.mark.parametrize("stage", ["ended", "lost", "paused"])
def test_what_does_not_run_has_no_new_period(app: object, set_clock: SetClock, stage: str) -> None:
    engagement = running(date(2027, 1, 10), stage)
    plan_at(set_clock, date(2027, 4, 1), time(12))
    assert periods(engagement) == [(1, date(2027, 1, 10), "planned")]


def test_no_period_begins_on_or_after_the_end(app: object, set_clock: SetClock) -> None:
    engagement = running(date(2027, 1, 10), "ending", ends_on=date(2027, 3, 10))
    plan_at(set_clock, date(2027, 6, 1), time(12))
    assert [row[1] for row in periods(engagement)] == [date(2027, 1, 10), date(2027, 2, 10)]


def test_many_planners_at_once_add_each_period_once(app: object, set_clock: SetClock) -> None:
    engagements = [running(date(2027, 1, day)) for day in (10, 20, 31)]
    session.commit()
    set_clock(datetime(2027, 6, 15, tzinfo=ZoneInfo(ZONE)))

    def run(_: int) -> None:
        with app.app_context():  # type: ignore[attr-defined]
            planning.plan_periods()
            session.commit()
            session.remove()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, range(12)))
    assert [len(periods(engagement)) for engagement in engagements] == [6, 5, 5]


@pytest.mark.parametrize("planner", PLANNERS, ids=lambda planner: planner.__name__)
def test_a_planner_asks_the_same_number_of_queries_for_one_and_for_many(
    app: object, planner: Callable[[], None]
) -> None:
    today = clock.now().date()

    def one_of_each() -> None:
        for stage, days in (("onboarding", 1), ("active", -7), ("active", -40), ("signed", 9)):
            made = running(today + timedelta(days=days), stage)
            made.signed_at = made.asked_at = clock.now() - timedelta(days=6)
        session.flush()

    def queries() -> int:
        session.expire_all()
        session.execute(select(1))
        with counting() as sent:
            planner()
        return len(sent)

    one_of_each()
    first = queries()
    for _ in range(4):
        one_of_each()
    assert queries() == first <= 6


def test_planning_again_adds_no_job(app: object) -> None:
    for days in (1, -7):
        running(clock.now().date() + timedelta(days=days), "onboarding")
    counts = []
    for _ in range(2):
        for planner in PLANNERS:
            planner()
        counts.append(session.scalar(select(func.count()).select_from(Job)))
    assert counts[0] == counts[1] and counts[0]


def test_access_is_asked_for_on_every_second_business_day() -> None:
    began = datetime(2026, 12, 23, 18, tzinfo=ZoneInfo("Europe/London"))
    days = access_request_days(began, "Europe/London", "GB")
    assert days[:3] == [date(2026, 12, 24), date(2026, 12, 30), date(2027, 1, 4)]
    assert access_request_days(began, "Europe/London", "XX")[0] == date(2026, 12, 24)


def test_pulse_days() -> None:
    asked = [
        day
        for day in range(1, 100)
        if is_pulse_day(date(2027, 1, 31), date(2027, 1, 31) + timedelta(day))
    ]
    dates = [date(2027, 1, 31) + timedelta(days=day) for day in asked]
    assert dates == [date(2027, 2, 7), date(2027, 2, 14), date(2027, 2, 28), date(2027, 3, 31),
                     date(2027, 4, 30)]  # fmt: skip
