"""When consultants work: weekly hours, other dates, holidays, absences and travel, read as one."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from webapp.booking.days import holidays_between
from webapp.booking.models.absence import Absence
from webapp.booking.models.availability import CalendarRules, DateOverride, WeeklyWindow
from webapp.booking.models.travel import Travel
from webapp.booking.slots import Host, Override, Weekly, Window
from webapp.booking.slots import Travel as Stay
from webapp.catalog.models import Consultant
from webapp.db import session

DAY = timedelta(days=1)
Ids = Sequence[uuid.UUID]


@dataclass(frozen=True)
class OpeningHours:
    """A consultant's rules, and their hours as a host to whom nothing has happened yet."""

    rules: CalendarRules
    host: Host


def opening_hours(
    ids: Collection[uuid.UUID], first: datetime, last: datetime
) -> dict[uuid.UUID, OpeningHours]:
    """The consultants' hours around [first, last): five queries, however many they are.

    What closes or opens a date, the strongest first: an absence, hours set for that very date, a
    public holiday of their country, the weekly hours.
    """
    ids, dates = sorted(set(ids)), (first.date() - 2 * DAY, last.date() + 2 * DAY)
    weekly, travel = _weekly(ids), _travel(ids, *dates)
    set_hours, absent = _set_hours(ids, *dates), _absent(ids, *dates)
    owners = (
        select(Consultant.id, Consultant.time_zone, Consultant.country, CalendarRules)
        .outerjoin(CalendarRules, CalendarRules.consultant_id == Consultant.id)
        .where(Consultant.id.in_(ids))
    )
    found = {}
    for who, zone, country, rules in session.execute(owners):
        holidays = _holidays(country, *dates)
        overrides = _overrides(set_hours[who], absent[who], holidays)
        host = Host(zone, weekly[who], overrides, travel=travel[who])
        found[who] = OpeningHours(rules or default_rules(who), host)
    return found


def default_rules(consultant_id: uuid.UUID) -> CalendarRules:
    """What holds until a consultant says otherwise."""
    return CalendarRules(
        consultant_id=consultant_id, step=30, buffer_before=0, buffer_after=15,
        minimum_notice=24 * 60, horizon_days=60, per_day=None, per_week=None, change_notice=12 * 60,
    )  # fmt: skip


def window(starts: str, ends: str) -> Window:
    """Opening hours from 'HH:MM' texts; '24:00' is the end of the day."""
    return Window(minute_of_day(starts), minute_of_day(ends))


def minute_of_day(written: str) -> int:
    hours, _, minutes = written.partition(":")
    return int(hours) * 60 + int(minutes)


def _weekly(ids: Ids) -> defaultdict[uuid.UUID, list[Weekly]]:
    rows = select(
        WeeklyWindow.consultant_id, WeeklyWindow.weekday, WeeklyWindow.starts, WeeklyWindow.ends
    ).where(WeeklyWindow.consultant_id.in_(ids))
    found: defaultdict[uuid.UUID, list[Weekly]] = defaultdict(list)
    for who, weekday, starts, ends in session.execute(rows):
        found[who].append(_weekly_hours(weekday, starts, ends))
    return found


@lru_cache(maxsize=4096)
def _weekly_hours(weekday: int, starts: str, ends: str) -> Weekly:
    """Most people keep the same hours: a thousand of them need not be made a thousand times."""
    return Weekly(frozenset({weekday}), window(starts, ends))


def _set_hours(ids: Ids, first: date, last: date) -> defaultdict[uuid.UUID, list[Override]]:
    rows = select(DateOverride).where(
        DateOverride.consultant_id.in_(ids), DateOverride.on.between(first, last)
    )
    found: defaultdict[uuid.UUID, list[Override]] = defaultdict(list)
    for row in session.scalars(rows):
        windows = tuple(window(*pair) for pair in row.pairs)
        found[row.consultant_id].append(Override(row.on, windows))
    return found


def _absent(ids: Ids, first: date, last: date) -> defaultdict[uuid.UUID, set[date]]:
    found: defaultdict[uuid.UUID, set[date]] = defaultdict(set)
    for who, begins, ends in session.execute(_between(Absence, ids, first, last)):
        length = (min(ends, last) - max(begins, first)).days
        found[who].update(max(begins, first) + DAY * number for number in range(length + 1))
    return found


def _travel(ids: Ids, first: date, last: date) -> defaultdict[uuid.UUID, list[Stay]]:
    found: defaultdict[uuid.UUID, list[Stay]] = defaultdict(list)
    rows = _between(Travel, ids, first, last).add_columns(Travel.time_zone)
    for who, begins, ends, zone in session.execute(rows):
        found[who].append(Stay(begins, ends, zone))
    return found


def _between(noun: Any, ids: Ids, first: date, last: date) -> Any:
    rows = select(noun.consultant_id, noun.first, noun.last)
    return rows.where(noun.consultant_id.in_(ids), noun.first <= last, noun.last >= first)


@lru_cache(maxsize=1024)
def _holidays(country: str, first: date, last: date) -> Mapping[date, Override]:
    return {day: Override(day, ()) for day in sorted(holidays_between(country, first, last))}


def _overrides(
    own: Sequence[Override], absent: AbstractSet[date], holidays: Mapping[date, Override]
) -> list[Override]:
    if not own and not absent:
        return list(holidays.values())
    set_by_hand = {row.date for row in own}
    return [
        *(Override(day, ()) for day in sorted(absent)),
        *(row for row in own if row.date not in absent),
        *(row for day, row in holidays.items() if day not in set_by_hand | absent),
    ]
