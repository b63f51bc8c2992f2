"""The next two weeks of a consultant's calendar, as their hours and rules come out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from webapp import clock
from webapp.booking import queries
from webapp.booking.days import holidays_between
from webapp.booking.hours_text import write_hours
from webapp.booking.models import KICKOFF_MINUTES, WeeklyWindow
from webapp.booking.picking import day_label
from webapp.catalog.models import Consultant
from webapp.db import session

SHOWN = 14


@dataclass(frozen=True)
class ComingDay:
    """starts: how many times an hour's meeting could begin; meetings: how many there are."""

    label: str
    hours: str
    note: str
    starts: int
    meetings: int


def coming_days(consultant: Consultant) -> list[ComingDay]:
    zone = ZoneInfo(consultant.time_zone)
    today = clock.now().astimezone(zone).date()
    calendar = queries.calendar_of(consultant)
    starts = Counter(start.astimezone(zone).date() for start in calendar.all_slots(KICKOFF_MINUTES))
    meetings = Counter(busy.start.astimezone(zone).date() for busy in calendar.host.busy)
    weekly = _weekly(consultant)
    overrides = {row.on: row for row in queries.overrides_of(consultant)}
    last = today + timedelta(days=SHOWN)
    holidays = holidays_between(consultant.country, today, last) - overrides.keys()
    found = []
    for on in (today + timedelta(days=n) for n in range(SHOWN)):
        other = overrides.get(on)
        usual = [] if on in holidays else weekly[_weekday(on)]
        hours = write_hours(other.pairs if other else usual) or "Closed"
        note = other.note if other else "Public holiday" * (on in holidays)
        found.append(ComingDay(day_label(on), hours, note, starts[on], meetings[on]))
    return found


def _weekday(on: date) -> int:
    """0 is Sunday."""
    return on.isoweekday() % 7


def _weekly(consultant: Consultant) -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = [[] for _ in range(7)]
    own = select(WeeklyWindow).where(WeeklyWindow.consultant_id == consultant.id)
    for row in session.scalars(own):
        found[row.weekday].append((row.starts, row.ends))
    return found
