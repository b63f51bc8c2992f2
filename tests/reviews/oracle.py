"""Which months a series fills and on which dates, looked for day by day from the stored rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import holidays as library
import whenever

from tests.reviews.crowd import Member

DAY = timedelta(days=1)
FURTHEST = timedelta(hours=14)


def expected(member: Member, now: datetime) -> dict[date, date]:
    """Month -> due date, of every review that a planner should have inserted by then."""
    if member.last_month or member.stage not in {"onboarding", "active", "paused", "ending"}:
        return {}
    return {month: due_on(member, month) for month in _months(member.first_month, now)}


def called_off(member: Member, due: date) -> bool:
    """Whether the engagement does not reach that date as things stand."""
    over = member.stage == "ending" and member.ends_on is not None and due >= member.ends_on
    return member.stage == "paused" or over


def due_on(member: Member, month: date) -> date:
    days = list(_days(month))
    off = frozenset().union(
        *(_holidays(country, month.year) for country in (member.company_country, *member.countries))
    )
    working = [day for day in days if day.isoweekday() < 6 and day not in off]
    if not working:
        working = [day for day in days if day.isoweekday() < 6]
    wanted = _wanted(member.rule, days, working)
    later = [day for day in working if day >= wanted]
    return later[0] if later else working[-1]


def instant(rule: dict[str, Any], day: date) -> datetime:
    hour, minute = map(int, rule["at"].split(":"))
    local = whenever.PlainDateTime(day.year, day.month, day.day, hour, minute)
    moment = local.assume_tz(rule["time_zone"], disambiguation="compatible").timestamp()
    return datetime.fromtimestamp(moment, UTC)


def _wanted(rule: dict[str, Any], days: list[date], working: list[date]) -> date:
    if rule["kind"] == "day_of_month":
        return max(day for day in days if day.day <= rule["day"])
    if rule["kind"] == "nth_weekday":
        named = [day for day in days if f"{day:%A}".lower() == rule["weekday"]]
        return named[-1] if rule["nth"] == "last" else named[rule["nth"] - 1]
    count = len(working) if rule["nth"] == "last" else min(rule["nth"], len(working))
    return working[count - 1]


def _days(month: date) -> Iterator[date]:
    day = month
    while day.month == month.month:
        yield day
        day += DAY


def _months(first: date, now: datetime) -> Iterator[date]:
    """To three after the month that has begun anywhere on earth, and three in all at least."""
    here = (now + FURTHEST).date()
    month = first
    while month <= _after(here, 3) or month <= _after(first, 2):
        yield month
        month = _after(month, 1)


def _after(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


@cache
def _holidays(country: str, year: int) -> frozenset[date]:
    name, _, part = country.partition("-")
    try:
        found = library.country_holidays(name, subdiv=part or None, years=year)
    except NotImplementedError:
        return frozenset()
    return frozenset(found)
