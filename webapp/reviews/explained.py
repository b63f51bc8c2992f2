"""Why a month's review is on its date: what moved it there, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from webapp import clock
from webapp.booking.days import Holidays, is_business_day
from webapp.reviews.rule import (
    LAST,
    WEEKDAYS,
    DayOfMonth,
    MonthDay,
    NthBusinessDay,
    NthWeekday,
    Rule,
    days_of,
)
from webapp.web import zone_offset, zone_place

Naming = Callable[[date], str]
"""What the holiday on a date is called, with its country; '' where there is none."""


def in_words(rule: Rule) -> str:
    """'on the last Friday of each month at 10:00 (New York)'; see `_place`."""
    place = _place(rule.time_zone)
    return f"on the {day_in_words(rule.on)} of each month at {rule.at:%H:%M} ({place})"


def _place(zone: str) -> str:
    """'Kathmandu, UTC+5:45'; without an offset where it is not the same all year."""
    january, july = (
        zone_offset(zone, datetime(clock.now().year, month, 1, tzinfo=UTC)) for month in (1, 7)
    )
    place = zone_place(zone)
    return f"{place}, {january}" if january == july and place != january else place


def day_in_words(on: MonthDay) -> str:
    """'31st', '2nd Tuesday', 'last business day'."""
    if isinstance(on, NthWeekday):
        return f"{ordinal(on.nth)} {WEEKDAYS[on.weekday].capitalize()}"
    return f"{ordinal(on.nth)} business day" if isinstance(on, NthBusinessDay) else ordinal(on.day)


def ordinal(number: int) -> str:
    """'1st', '22nd', 'last'."""
    if number == LAST:
        return "last"
    teens = 10 < number % 100 < 20
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


@dataclass(frozen=True, slots=True)
class Reason:
    """kind: clamped, weekend, holiday, moved or clock."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Dated:
    """A month's date and start, in UTC, with what made them other than the rule's plain words."""

    month: date
    on: date
    at: datetime
    reasons: tuple[Reason, ...]


def dated(rule: Rule, months: Sequence[date], holidays: Holidays, naming: Naming) -> list[Dated]:
    """Each month (its first day) with its date, in order; a change of clocks is told once."""
    found: list[Dated] = []
    for month in months:
        on = rule.date_in(month.year, month.month, holidays)
        at = rule.instant(on)
        reasons = [*_why_that_day(rule, month, on, holidays, naming), *_clock(rule, on, at)]
        reasons += _other_offset(rule, found[-1].at, at) if found else []
        found.append(Dated(month, on, at, tuple(reasons)))
    return found


def _why_that_day(
    rule: Rule, month: date, on: date, holidays: Holidays, naming: Naming
) -> Iterator[Reason]:
    days = days_of(month.year, month.month)
    if not any(is_business_day(day, holidays) for day in days):
        yield Reason("holiday", "The whole month is holidays, so none of them counts.")
        return
    wanted = rule.on.among(days, holidays)
    yield from _clamped(rule, days, holidays)
    yield from _not_counted(rule, days, on, naming)
    yield from _moved(wanted, on, naming)


def _clamped(rule: Rule, days: list[date], holidays: Holidays) -> Iterator[Reason]:
    """The month is too short for what the rule names."""
    name = _month_name(days[0])
    if isinstance(rule.on, DayOfMonth) and rule.on.day > len(days):
        yield Reason("clamped", f"{name} has {len(days)} days, so its last one counts.")
    if isinstance(rule.on, NthBusinessDay):
        working = sum(is_business_day(day, holidays) for day in days)
        if rule.on.nth > working:
            yield Reason("clamped", f"{name} has {working} business days, so the last counts.")


def _not_counted(rule: Rule, days: list[date], on: date, naming: Naming) -> Iterator[Reason]:
    """Holidays that a count of business days passes over."""
    if not isinstance(rule.on, NthBusinessDay):
        return
    from_the_end = rule.on.nth == LAST
    passed = [day for day in days if (day > on if from_the_end else day < on)]
    for day in passed:
        if day.weekday() < 5 and naming(day):
            yield Reason("holiday", f"{_short(day)} does not count: {naming(day)}.")


def _moved(wanted: date, on: date, naming: Naming) -> Iterator[Reason]:
    if wanted == on:
        return
    yield from _in_the_way(wanted, max(on, wanted), naming)
    if on > wanted:
        yield Reason("moved", f"Moved on to {_short(on)}.")
    else:
        month = _month_name(wanted)
        yield Reason("moved", f"Moved back to {_short(on)}, the last business day of {month}.")


def _in_the_way(first: date, until: date, naming: Naming) -> Iterator[Reason]:
    """The weekend or holiday that it fell on, and the holidays on its way from there."""
    days = [first + timedelta(days=number) for number in range(max(1, (until - first).days))]
    for day in days:
        if naming(day) and day.weekday() < 5:
            yield Reason("holiday", f"{_short(day)} is {naming(day)}.")
        elif day == first:
            yield Reason("weekend", f"{_short(day)} is a weekend.")


def _clock(rule: Rule, on: date, at: datetime) -> Iterator[Reason]:
    """The night in which clocks change: a local time that does not come, or comes twice."""
    local = at.astimezone(ZoneInfo(rule.time_zone))
    if (local.date(), local.time()) != (on, rule.at):
        elsewhere = "" if local.date() == on else f" on {_short(local.date())}"
        told = f"{local:%H:%M}{elsewhere}"
        yield Reason("clock", f"Clocks go forward past {rule.at:%H:%M}, so it begins at {told}.")
    elif local.replace(fold=1).utcoffset() != local.replace(fold=0).utcoffset():
        yield Reason("clock", f"Clocks go back and {rule.at:%H:%M} comes twice: the first counts.")


def _other_offset(rule: Rule, before: datetime, at: datetime) -> list[Reason]:
    was, now = zone_offset(rule.time_zone, before), zone_offset(rule.time_zone, at)
    text = f"Clocks have changed: {rule.at:%H:%M} is {now} from here on, no longer {was}."
    return [Reason("clock", text)] if was != now else []


def _short(day: date) -> str:
    """'Sat 3 October'."""
    return str(format_date(day, "EEE d MMMM", locale="en"))


def _month_name(day: date) -> str:
    return str(format_date(day, "MMMM", locale="en"))
