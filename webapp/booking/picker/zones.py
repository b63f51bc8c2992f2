"""Zones as a reader chooses them, and the days on which a zone's clocks change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from webapp.web import known_zone, zone_offset, zone_place

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NOON = time(12)


@dataclass(frozen=True)
class Choice:
    """label: 'New York (UTC−5)', so that typing 'New Y' in the list finds it."""

    name: str
    label: str


@dataclass(frozen=True)
class Group:
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class ClockChange:
    """What clocks do on a local date; at: what they show when it happens, by: how much."""

    on: date
    at: str
    by: timedelta

    @property
    def text(self) -> str:
        """'clocks go forward an hour at 02:00'."""
        way = "forward" if self.by > timedelta() else "back"
        return f"clocks go {way} {_length(abs(self.by))} at {self.at}"


def menu(zone: str, on: date, likely: Iterable[str] = ()) -> list[Group]:
    """Every zone with its offset on that date; first the ones this reader may mean."""
    names = dict.fromkeys([zone, *filter(known_zone, likely), "UTC"])
    return [Group("Likely", tuple(_choice(name, on) for name in names)), *_regions(on)]


@lru_cache(maxsize=64)
def _regions(on: date) -> tuple[Group, ...]:
    return tuple(
        Group(
            region, tuple(sorted((_choice(zone.key, on) for zone in zones), key=lambda c: c.label))
        )
        for region, zones in _places().items()
    )


@lru_cache
def _places() -> dict[str, list[ZoneInfo]]:
    """The zones in which people live, by region: those of the tz database's own list.

    They are kept as they were read: zoneinfo itself forgets all but a few, and reads them anew.
    """
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines()
    found: dict[str, list[ZoneInfo]] = {}
    for name in sorted(line.split("\t")[2] for line in lines if not line.startswith("#")):
        found.setdefault(name.split("/")[0], []).append(ZoneInfo(name))
    return found


def _choice(name: str, on: date) -> Choice:
    offset = zone_offset(name, datetime.combine(on, NOON, ZoneInfo(name)))
    return Choice(name, name if name == offset else f"{place(name)} ({offset})")


def place(zone: str) -> str:
    """'New York'; where a region has parts, 'Knox, Indiana'."""
    return ", ".join(reversed([part.replace("_", " ") for part in zone.split("/")[1:]])) or (
        zone_place(zone)
    )


# -- changing clocks -------------------------------------------------------------------------------


def clock_changes(zone: str, first: date, last: date) -> list[ClockChange]:
    """Those on local dates from first to last."""
    days = (first + DAY * number for number in range((last - first).days + 1))
    return [change for on in days if (change := clock_change(zone, on))]


def clock_change(zone: str, on: date) -> ClockChange | None:
    """What the clocks do on that local date, its first moment included; None on nearly all days."""
    before, after = _last_moment(zone, on - DAY), _last_moment(zone, on)
    was, will_be = _offset(zone, before), _offset(zone, after)
    if was == will_be:
        return None
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        before, after = (middle, after) if _offset(zone, middle) == was else (before, middle)
    shown = after + was
    return ClockChange(on, f"{shown:%H:%M}" if shown.date() == on else "24:00", will_be - was)


def _last_moment(zone: str, on: date) -> datetime:
    return datetime.combine(on + DAY, time(), ZoneInfo(zone)).astimezone(UTC) - SECOND


def _offset(zone: str, at: datetime) -> timedelta:
    return at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()


def _length(by: timedelta) -> str:
    if by == HOUR:
        return "an hour"
    return f"{by // HOUR} hours" if not by % HOUR else f"{by // timedelta(minutes=1)} minutes"
