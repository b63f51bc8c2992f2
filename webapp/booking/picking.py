"""Open times as a week of days in the reader's zone, for the slot picker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date

from webapp import clock
from webapp.web import format_time, zone_label, zone_offset

WEEK = timedelta(days=7)
REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip


@dataclass(frozen=True)
class Slot:
    """value: the instant as it is sent; label: its local time."""

    value: str
    label: str


@dataclass(frozen=True)
class Day:
    label: str
    slots: list[Slot]


@dataclass(frozen=True)
class Week:
    """Seven local days from `first`; the neighbours are None where nothing lies that way."""

    first: date
    days: list[Day]
    zone: str
    previous: date | None
    following: date | None
    next_free: date | None

    @property
    def last(self) -> date:
        return self.first + WEEK - timedelta(days=1)

    @property
    def title(self) -> str:
        """'30 November – 6 December'."""
        return f"{_day_and_month(self.first)} – {_day_and_month(self.last)}"

    @property
    def zone_label(self) -> str:
        midday = datetime(self.first.year, self.first.month, self.first.day, 12, tzinfo=UTC)
        return zone_label(self.zone, midday)


def week_of(open_times: Sequence[datetime], zone: str, wanted: date | None) -> Week:
    """The week from the wanted local date on, or from the first day on which anything is open."""
    dates = [start.astimezone(ZoneInfo(zone)).date() for start in open_times]
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    first = max(wanted, today) if wanted else (dates[0] if dates else today)
    inside = [
        start for start, on in zip(open_times, dates, strict=True) if first <= on < first + WEEK
    ]
    before = [on for on in dates if on < first]
    after = [on for on in dates if on >= first + WEEK]
    return Week(
        first=first,
        days=days_of(inside, zone),
        zone=zone,
        previous=max(first - WEEK, today) if before else None,
        following=first + WEEK if after else None,
        next_free=after[0] if after and not inside else None,
    )


def days_of(instants: Sequence[datetime], zone: str) -> list[Day]:
    """Instants in order, grouped by local day; a time that comes twice in a night says which."""
    by_date: dict[date, list[datetime]] = {}
    for start in instants:
        by_date.setdefault(start.astimezone(ZoneInfo(zone)).date(), []).append(start)
    return [Day(day_label(on), _slots(starts, zone)) for on, starts in by_date.items()]


def _slots(starts: Sequence[datetime], zone: str) -> list[Slot]:
    seen = Counter(format_time(start, zone) for start in starts)
    found = []
    for start in starts:
        label = format_time(start, zone)
        twice = f" {zone_offset(zone, start)}" if seen[label] > 1 else ""
        found.append(Slot(value_of(start), label + twice))
    return found


def value_of(start: datetime) -> str:
    return f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def instant(text: str) -> datetime | None:
    """The instant that a form sent; None for anything else, and for a time without a zone."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def day(text: str | None) -> date | None:
    """The date that an address names; None for anything else."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.year < 2100 else None


def day_label(on: date) -> str:
    """'Thu 3 December'."""
    return str(format_date(on, "EEE d MMMM", locale="en"))


def _day_and_month(on: date) -> str:
    return str(format_date(on, "d MMMM", locale="en"))


@lru_cache
def zone_names() -> tuple[str, ...]:
    """The zones a person may choose: places, by region."""
    return tuple(sorted(name for name in available_timezones() if name.split("/")[0] in REGIONS))


def zone_choices(at: datetime) -> Mapping[str, str]:
    """Zone name -> what a person reads: 'America/New York (UTC−5)'."""
    return {name: f"{name.replace('_', ' ')} ({zone_offset(name, at)})" for name in zone_names()}
