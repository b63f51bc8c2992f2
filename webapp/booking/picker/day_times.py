"""One day's open times as a reader sees them: their clock, parts of the day, what comes twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from babel.dates import format_date

from webapp.booking.picker.zones import ClockChange, clock_change
from webapp.web import format_time, zone_label, zone_offset, zone_place

# The first hour of each part of a day.
PARTS = ((18, "Evening"), (12, "Afternoon"), (6, "Morning"), (0, "Night"))


@dataclass(frozen=True)
class Time:
    """value: the instant as it is sent; label: its local time; offset: '' unless it differs."""

    at: datetime
    value: str
    label: str
    offset: str


@dataclass(frozen=True)
class Part:
    label: str
    times: list[Time]


@dataclass(frozen=True)
class DayTimes:
    """A local date in a zone, and what is open on it: instants in order."""

    on: date
    zone: str
    starts: Sequence[datetime]

    @property
    def label(self) -> str:
        return full_label(self.on)

    @property
    def said(self) -> str:
        """'Thursday 3 December: 8 times'."""
        return f"{self.label}: {count(len(self.starts))}"

    @property
    def change(self) -> ClockChange | None:
        return clock_change(self.zone, self.on)

    @property
    def offsets(self) -> list[str]:
        """Those of its times, in order: two where the clocks change between them."""
        return list(dict.fromkeys(zone_offset(self.zone, start) for start in self.starts))

    @property
    def zone_label(self) -> str:
        """'New York, UTC−5'; 'New York, UTC−4, then UTC−5' where the clocks change."""
        if len(self.offsets) < 2:
            noon = datetime(
                self.on.year, self.on.month, self.on.day, 12, tzinfo=ZoneInfo(self.zone)
            )
            return zone_label(self.zone, self.starts[0] if self.starts else noon)
        return f"{zone_place(self.zone)}, {', then '.join(self.offsets)}"

    @property
    def parts(self) -> list[Part]:
        """Morning, afternoon, …: those with times."""
        named = groupby(self.starts, key=self._part)
        return [Part(label, [self._time(start) for start in starts]) for label, starts in named]

    def _part(self, start: datetime) -> str:
        hour = start.astimezone(ZoneInfo(self.zone)).hour
        return next(label for first, label in PARTS if hour >= first)

    def _time(self, start: datetime) -> Time:
        """Where the clocks change in between, each time says its own offset."""
        offset = zone_offset(self.zone, start) if len(self.offsets) > 1 else ""
        return Time(start, value_of(start), format_time(start, self.zone), offset)


def by_date(instants: Sequence[datetime], zone: str) -> dict[date, list[datetime]]:
    """Instants in order, by the date they fall on in a zone."""
    found: dict[date, list[datetime]] = {}
    for start in sorted(instants):
        found.setdefault(start.astimezone(ZoneInfo(zone)).date(), []).append(start)
    return found


def days_of(instants: Sequence[datetime], zone: str) -> list[DayTimes]:
    """Instants as days with their times, such as the nearest to one that was taken."""
    return [DayTimes(on, zone, starts) for on, starts in by_date(instants, zone).items()]


def value_of(start: datetime) -> str:
    """'2026-12-03T15:00:00Z'."""
    return f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def full_label(on: date) -> str:
    """'Thursday 3 December'."""
    return str(format_date(on, "EEEE d MMMM", locale="en"))


def count(times: int) -> str:
    return "1 time" if times == 1 else f"{times} times"
