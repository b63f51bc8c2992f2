"""VTIMEZONE: what calendar programs are told about a zone, so that nobody has to guess.

Exchange and Outlook keep one yearly change each way ([MS-OXCICAL] 2.1.3.1.1.19): so a zone is
written as one STANDARD and at most one DAYLIGHT with a yearly rule, as long as that is true of the
years in question. It is checked against the zone itself, year by year; where no yearly rule fits
(Morocco's Ramadan), the changes are written one by one.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONG_AGO = datetime(1970, 1, 1)  # noqa: DTZ001 - VTIMEZONE counts in wall time
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Change:
    """The clocks are changed at `at` (UTC), from one offset to another."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str

    @property
    def wall(self) -> datetime:
        """What the clocks show as they are changed."""
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def forward(self) -> bool:
        return self.after > self.before

    def rules(self) -> set[tuple[int, int, str]]:
        """The yearly rules (month, which, weekday) that would name this day; which: -1 is last."""
        wall, day = self.wall, DAYS[self.wall.weekday()]
        found = {(wall.month, (wall.day - 1) // 7 + 1, day)}
        if wall.day + 7 > calendar.monthrange(wall.year, wall.month)[1]:
            found.add((wall.month, -1, day))
        return found


def written(name: str, instants: Collection[datetime]) -> Timezone:
    """The zone as it is at these instants, with no more of it than that takes."""
    zone = Timezone()
    zone.add("tzid", name)
    for part in _parts(name, instants):
        zone.add_component(part)
    return zone


def _parts(name: str, instants: Collection[datetime]) -> Iterable[Any]:
    years = range(min(instants).year - 1, max(instants).year + 1)
    by_year = [_changes(name, year) for year in years]
    yearly = _yearly(by_year)
    if yearly:
        return [_part(change, rule) for change, rule in yearly]
    offsets = {at.astimezone(ZoneInfo(name)).utcoffset() for at in instants}
    first = min(instants) if len(offsets) == 1 else datetime(years[0], 1, 1, tzinfo=UTC)
    start = _unchanging(first.astimezone(ZoneInfo(name)))
    if len(offsets) == 1:
        return [start]
    return [start, *(_part(change) for changes in by_year for change in changes)]


def _yearly(by_year: Sequence[Sequence[Change]]) -> list[tuple[Change, tuple[int, int, str]]]:
    """One change forward and one back with the rule each follows in all these years, or none."""
    found = []
    for forward in (True, False):
        same = [[change for change in year if change.forward == forward] for year in by_year]
        if any(len(year) != 1 for year in same):
            return []
        changes = [year[0] for year in same]
        rules = set.intersection(*(change.rules() for change in changes))
        alike = {(change.wall.time(), change.before, change.after) for change in changes}
        if not rules or len(alike) > 1:
            return []
        found.append((changes[0], min(rules)))
    return found


def _part(change: Change, rule: tuple[int, int, str] | None = None) -> Any:
    part = TimezoneDaylight() if change.forward else TimezoneStandard()
    part.add("dtstart", change.wall)
    part.add("tzoffsetfrom", change.before)
    part.add("tzoffsetto", change.after)
    part.add("tzname", change.name)
    if rule:
        month, which, day = rule
        part.add("rrule", {"freq": "yearly", "bymonth": month, "byday": f"{which}{day}"})
    return part


def _unchanging(local: datetime) -> TimezoneStandard:
    part = TimezoneStandard()
    part.add("dtstart", LONG_AGO)
    part.add("tzoffsetfrom", local.utcoffset())
    part.add("tzoffsetto", local.utcoffset())
    part.add("tzname", local.tzname())
    return part


@lru_cache(maxsize=4096)
def _changes(name: str, year: int) -> tuple[Change, ...]:
    """When a zone's clocks are changed in a year (of UTC), found day by day, then by halves."""
    zone = ZoneInfo(name)
    days = [datetime(year, 1, 1, tzinfo=UTC) + DAY * number for number in range(367)]
    offsets = [_offset(zone, day) for day in days]
    return tuple(
        _change(zone, days[number], days[number + 1])
        for number in range(366)
        if offsets[number] != offsets[number + 1] and days[number].year == year
    )


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> Change:
    before, after = _offset(zone, low), _offset(zone, high)
    while high - low > MINUTE:
        middle = low + (high - low) // MINUTE // 2 * MINUTE
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return Change(high, before, after, high.astimezone(zone).tzname() or "")


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
