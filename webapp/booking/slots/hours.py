"""What a slot search is told: the event to place, and when each host is open and busy.

All lengths are whole minutes. All instants are aware datetimes; a naive one is a ValueError.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from operator import attrgetter
from typing import Literal

MINUTES_A_DAY = 24 * 60
LONGEST_EVENT = 366 * MINUTES_A_DAY

Mode = Literal["single", "collective", "round_robin"]


@dataclass(frozen=True, slots=True)
class Event:
    """What is to be placed: `duration`, the `step` of the grid, and the room kept around it.

    `per_day` and `per_week` are the numbers of counted busy intervals after which a host's day or
    week is full; a week runs from Monday to Sunday (ISO 8601) by the host's own clock.
    """

    duration: int
    step: int
    buffer_before: int = 0
    buffer_after: int = 0
    min_notice: int = 0
    per_day: int | None = None
    per_week: int | None = None

    def __post_init__(self) -> None:
        _within("duration", self.duration, 1, LONGEST_EVENT)
        _within("step", self.step, 1)
        _within("buffer_before", self.buffer_before, 0)
        _within("buffer_after", self.buffer_after, 0)
        _within("min_notice", self.min_notice, 0)
        for limit in ("per_day", "per_week"):
            if (value := getattr(self, limit)) is not None:
                _within(limit, value, 0)


@dataclass(frozen=True, slots=True)
class Window:
    """Opening hours `[start, end)` in minutes of the local day on which they start.

    1440 is the end of the day; an `end` not after `start` is on the following day.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        _within("start", self.start, 0, MINUTES_A_DAY - 1)
        _within("end", self.end, 0, MINUTES_A_DAY)

    @property
    def extent(self) -> tuple[int, int]:
        """Start and end in minutes from the start of the day, the end running past 1440."""
        past_midnight = MINUTES_A_DAY if self.end <= self.start else 0
        return self.start, self.end + past_midnight


@dataclass(frozen=True, slots=True)
class Weekly:
    """A window repeated on days of the week, 0 being Sunday."""

    days: frozenset[int]
    window: Window

    def __post_init__(self) -> None:
        for day in self.days:
            _within("day of the week", day, 0, 6)


@dataclass(frozen=True, slots=True)
class Override:
    """The windows of one local date, in place of the weekly ones; none closes it."""

    date: date
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Busy:
    """Time that is taken, `[start, end)`, with the room it needs on either side."""

    start: datetime
    end: datetime
    buffer_before: int = 0
    buffer_after: int = 0
    counts: bool = False

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("busy time needs a zone")
        if self.end < self.start:
            raise ValueError("busy time ends before it starts")
        _within("buffer_before", self.buffer_before, 0)
        _within("buffer_after", self.buffer_after, 0)


@dataclass(frozen=True, slots=True)
class Travel:
    """Dates from `first` to `last`, both included, that a host keeps by another zone's clock."""

    first: date
    last: date
    time_zone: str

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("travel ends before it starts")

    def ordinals(self) -> range:
        """The dates as proleptic ordinals."""
        return range(self.first.toordinal(), self.last.toordinal() + 1)


@dataclass(frozen=True, slots=True)
class Host:
    """A person's opening hours in their IANA zone, and the time already taken.

    Overrides of the same date add up. While travelling, the windows that start on a date are read
    by that date's zone, and so are the dates that limits count; no date is in two places.
    """

    time_zone: str
    weekly: Sequence[Weekly]
    overrides: Sequence[Override] = ()
    busy: Sequence[Busy] = ()
    travel: Sequence[Travel] = ()

    def __post_init__(self) -> None:
        stays = sorted(self.travel, key=attrgetter("first"))
        if any(later.first <= earlier.last for earlier, later in pairwise(stays)):
            raise ValueError("travel overlaps")

    def weekly_extents(self) -> list[list[tuple[int, int]]]:
        """Extents of the windows that start on each day of the week, from Sunday."""
        return [
            [weekly.window.extent for weekly in self.weekly if day in weekly.days]
            for day in range(7)
        ]

    def override_extents(self) -> dict[date, list[tuple[int, int]]]:
        """Extents of the windows that start on each overridden date."""
        by_date: dict[date, list[tuple[int, int]]] = {}
        for override in self.overrides:
            by_date.setdefault(override.date, []).extend(_extents(override.windows))
        return by_date


def _extents(windows: Iterable[Window]) -> list[tuple[int, int]]:
    return [window.extent for window in windows]


def _within(name: str, value: int, least: int, most: int | None = None) -> None:
    if value < least or (most is not None and value > most):
        bound = f"at least {least}" if most is None else f"between {least} and {most}"
        raise ValueError(f"{name} must be {bound}")
