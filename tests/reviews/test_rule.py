"""Monthly review dates: written cases, and thousands of random rules against a naive search."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

import pytest
import whenever
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.depth import depth
from webapp.booking.days import holidays_in
from webapp.reviews.rule import (
    LAST,
    WEEKDAYS,
    DayOfMonth,
    MonthDay,
    NthBusinessDay,
    NthWeekday,
    Rule,
)

NINE = time(9)
FRIDAY = 4


def monthly(on: MonthDay, at: time = NINE, zone: str = "Europe/London") -> Rule:
    return Rule(on, at, zone)


# --- the naive search: look at days one by one, by the words of the rule


def oracle_date(on: MonthDay, year: int, month: int, holidays: frozenset[date]) -> date:
    def works(day: date) -> bool:
        return day.isoweekday() not in (6, 7) and day not in holidays

    days = [day for day in all_days(year) if (day.year, day.month) == (year, month)]
    if not [day for day in days if works(day)]:
        return oracle_date(on, year, month, frozenset())
    target = oracle_target(on, days, works)
    step = timedelta(days=1)
    moved = target
    while not works(moved):
        moved += step
    if moved.month != month:
        moved = target
        while not works(moved):
            moved -= step
    return moved


def oracle_target(on: MonthDay, days: list[date], works: Callable[[date], bool]) -> date:
    if isinstance(on, DayOfMonth):
        return max(day for day in days if day.day <= on.day)
    if isinstance(on, NthWeekday):
        # The nth of a weekday falls in the nth block of seven days.
        block = days[-7:] if on.nth == LAST else days[7 * on.nth - 7 : 7 * on.nth]
        return next(day for day in block if day.weekday() == on.weekday)
    target, seen = days[0], 0
    for day in days:
        if works(day) and (on.nth == LAST or seen < on.nth):
            target, seen = day, seen + 1
    return target


@lru_cache
def all_days(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=number) for number in range(366)]


def oracle_instant(day: date, at: time, zone: str) -> datetime:
    local = whenever.PlainDateTime(day.year, day.month, day.day, at.hour, at.minute)
    moment = local.assume_tz(zone, disambiguation="compatible").timestamp()
    return datetime.fromtimestamp(moment, UTC)


# --- random rules

ZONES = sorted(name for name in available_timezones() if "/" in name)
nths = st.sampled_from([1, 2, 3, 4, LAST])
rule_days = (
    st.builds(DayOfMonth, st.integers(1, 31))
    | st.builds(NthWeekday, nths, st.integers(0, 6))
    | st.builds(NthBusinessDay, st.integers(1, 23) | st.just(LAST))
)
rules = st.builds(
    Rule,
    rule_days,
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    st.sampled_from(ZONES),
)
years = st.integers(1990, 2100)
months = st.integers(1, 12)


@st.composite
def month_with_holidays(draw: st.DrawFn) -> tuple[int, int, frozenset[date]]:
    """Anything from a day off to a month off, mostly where it matters: round a month's ends."""
    year, month = draw(years), draw(months)
    near = st.integers(-5, 36) | st.integers(20, 33)
    first = date(year, month, 1)
    off = {first + timedelta(days=k) for k in draw(st.lists(near, max_size=10))}
    whole = {first + timedelta(days=k) for k in range(31)} if draw(st.integers(0, 9)) == 7 else ()
    return year, month, frozenset(off.union(whole))


@settings(max_examples=depth(10_000, 600), deadline=None)
@given(rules, month_with_holidays())
def test_dates_and_instants_agree_with_the_naive_search(
    rule: Rule, where: tuple[int, int, frozenset[date]]
) -> None:
    year, month, holidays = where
    day = rule.date_in(year, month, holidays)
    assert day == oracle_date(rule.on, year, month, holidays)
    assert (day.year, day.month) == (year, month)
    assert rule.date_in(year, month, lambda one: one in holidays) == day
    assert rule.instant(day) == oracle_instant(day, rule.at, rule.time_zone)


@settings(max_examples=depth(2_000, 100), deadline=None)
@given(rules)
def test_a_stored_rule_reads_back_the_same(rule: Rule) -> None:
    assert Rule.from_dict(rule.as_dict()) == rule


@settings(max_examples=depth(1_000, 70), deadline=None)
@given(rules, st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 40))
def test_every_month_gets_one_date_wherever_one_starts(rule: Rule, first: date, count: int) -> None:
    found = rule.months(first, count)
    start = first.year * 12 + first.month
    assert [day.year * 12 + day.month for day in found] == list(range(start, start + count))
    for number, day in enumerate(found):
        assert rule.months(day, 1) == [found[number]]


# --- written cases


def test_b26_the_31st_is_clamped_in_february_and_moved_off_the_weekend() -> None:
    rule = monthly(DayOfMonth(31))
    assert rule.date_in(2028, 2) == date(2028, 2, 29)
    assert rule.date_in(2029, 2) == date(2029, 2, 28)
    # 28 February 2027 is a Sunday, and the next business day is in March.
    assert rule.date_in(2027, 2) == date(2027, 2, 26)


def test_b27_a_month_end_holiday_goes_to_the_previous_business_day() -> None:
    rule = monthly(DayOfMonth(31))
    assert rule.date_in(2027, 12, frozenset({date(2027, 12, 31)})) == date(2027, 12, 30)


def test_a_weekend_within_the_month_goes_to_the_next_business_day() -> None:
    easter_monday = date(2027, 3, 29)
    rule = monthly(DayOfMonth(27))
    assert rule.date_in(2027, 3) == easter_monday
    assert rule.date_in(2027, 3, holidays_in("GB-ENG")) == date(2027, 3, 30)


def test_short_months_do_not_pull_later_ones_forward() -> None:
    found = monthly(DayOfMonth(31)).months(date(2027, 1, 31), 5)
    assert [day.day for day in found] == [29, 26, 31, 30, 31]


def test_weekdays_are_counted_from_either_end() -> None:
    assert monthly(NthWeekday(1, FRIDAY)).date_in(2027, 10) == date(2027, 10, 1)
    assert monthly(NthWeekday(LAST, FRIDAY)).date_in(2027, 10) == date(2027, 10, 29)
    assert monthly(NthWeekday(4, FRIDAY)).date_in(2027, 10) == date(2027, 10, 22)


def test_business_days_skip_weekends_and_holidays_and_are_clamped() -> None:
    new_year = frozenset({date(2027, 1, 1)})
    assert monthly(NthBusinessDay(1)).date_in(2027, 1, new_year) == date(2027, 1, 4)
    assert monthly(NthBusinessDay(LAST)).date_in(2027, 1) == date(2027, 1, 29)
    assert monthly(NthBusinessDay(23)).date_in(2027, 1) == date(2027, 1, 29)


def test_a_month_of_holidays_still_has_its_review() -> None:
    august = frozenset(date(2027, 8, day) for day in range(1, 32))
    assert monthly(DayOfMonth(15)).date_in(2027, 8, august) == date(2027, 8, 16)
    assert monthly(NthBusinessDay(2)).date_in(2027, 8, august) == date(2027, 8, 3)


def test_a_skipped_time_goes_forward() -> None:
    rule = monthly(DayOfMonth(14), time(2, 30), "America/New_York")
    assert rule.instant(date(2027, 3, 14)) == datetime(2027, 3, 14, 7, 30, tzinfo=UTC)


def test_a_repeated_time_is_the_first() -> None:
    rule = monthly(DayOfMonth(7), time(1, 30), "America/New_York")
    assert rule.instant(date(2027, 11, 7)) == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)


def test_a_skipped_date_goes_to_the_day_after() -> None:
    rule = monthly(DayOfMonth(30), NINE, "Pacific/Apia")
    assert rule.instant(date(2011, 12, 30)) == datetime(2011, 12, 30, 19, tzinfo=UTC)


def test_what_is_stored_is_plain() -> None:
    stored = monthly(NthWeekday(LAST, FRIDAY), time(14, 5)).as_dict()
    assert stored == {
        "kind": "nth_weekday",
        "nth": "last",
        "weekday": WEEKDAYS[FRIDAY],
        "at": "14:05",
        "time_zone": "Europe/London",
    }


SOUND: dict[str, dict[str, Any]] = {
    "day_of_month": monthly(DayOfMonth(3)).as_dict(),
    "nth_weekday": monthly(NthWeekday(2, 1)).as_dict(),
    "nth_business_day": monthly(NthBusinessDay(5)).as_dict(),
}


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("day_of_month", "kind", "fortnightly"),
        ("day_of_month", "kind", None),
        ("day_of_month", "kind", []),
        ("day_of_month", "day", 0),
        ("day_of_month", "day", 32),
        ("day_of_month", "day", "3"),
        ("day_of_month", "day", True),
        ("day_of_month", "at", "25:00"),
        ("day_of_month", "at", "9:00"),
        ("day_of_month", "at", "09:00:30"),
        ("day_of_month", "at", "09:00Z"),
        ("day_of_month", "at", 9),
        ("day_of_month", "time_zone", "Europe/Atlantis"),
        ("day_of_month", "time_zone", None),
        ("nth_weekday", "nth", 5),
        ("nth_weekday", "nth", -1),
        ("nth_weekday", "nth", "first"),
        ("nth_weekday", "weekday", "Friyay"),
        ("nth_weekday", "weekday", 4),
        ("nth_business_day", "nth", 0),
        ("nth_business_day", "nth", 24),
        ("nth_business_day", "nth", None),
    ],
)
def test_a_refusal_names_the_field(kind: str, field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        Rule.from_dict({**SOUND[kind], field: value})


@pytest.mark.parametrize("at", [time(9, 0, 1), time(9, tzinfo=UTC)])
def test_a_local_time_is_a_whole_minute_without_a_zone(at: time) -> None:
    with pytest.raises(ValueError, match=r"^at: "):
        monthly(DayOfMonth(1), at)
