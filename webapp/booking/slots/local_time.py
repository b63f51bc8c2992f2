"""From a zone's wall clock to UTC and back, in whole numbers.

A zone is taken as a few stretches of constant offset, found once per zone and stretch of years
and remembered, so that a search does no zone arithmetic per minute. A wall time that a change
of the clocks skips lies in no stretch, and one that it repeats lies in two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from whenever import Instant, ZonedDateTime

from .intervals import Interval

SECONDS_A_DAY = 24 * 60 * 60
_ERA = 400 * SECONDS_A_DAY
# IANA lists it for machines that nobody has set: it is nowhere.
_NOWHERE = "Factory"


class Stretch(NamedTuple):
    """Epoch seconds `[start, end)` during which local time is UTC plus `offset` seconds."""

    start: int
    end: int
    offset: int


@lru_cache(maxsize=2048)
def check_zone(time_zone: str) -> None:
    """Raise ValueError unless this is the exact name of an IANA zone.

    A server's own files hold other names as well (localtime, right/UTC): they are refused, so that
    every server gives the same answer.
    """
    if time_zone not in _names() or _at(0, time_zone).tz_id != time_zone:
        raise ValueError(f"unknown time zone {time_zone!r}")


@cache
def _names() -> frozenset[str]:
    """As the pinned `tzdata` package lists them."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="ascii")
    return frozenset(listed.split()) - {_NOWHERE}


def stretches(time_zone: str, start: int, end: int) -> list[Stretch]:
    """The stretches of constant offset that make up epoch seconds `[start, end)`, in order."""
    found: list[Stretch] = []
    offset = _offset(_at(start, time_zone))
    for change, next_offset in _changes_between(time_zone, start, end):
        found.append(Stretch(start, change, offset))
        start, offset = change, next_offset
    return [*found, Stretch(start, end, offset)]


def utc_minutes(zone: list[Stretch], local_start: int, local_end: int) -> list[Interval]:
    """The UTC minutes during which the wall clock reads `[local_start, local_end)`, in order.

    The wall clock is in seconds since the local 1970-01-01 00:00. A change of the clocks in
    between gives several intervals, which touch where time was skipped. Offsets of old local
    times have seconds in them; then a minute counts by what the clock reads as it begins.
    """
    found = []
    for start, end, offset in zone:
        first = -(-max(start, local_start - offset) // 60)
        last = -(-min(end, local_end - offset) // 60)
        if first < last:
            found.append((first, last))
    return found


def local_day(zone: Iterable[Stretch], second: int) -> int | None:
    """Days from 1970-01-01 to the local date of an instant; None beyond the stretches."""
    for start, end, offset in zone:
        if start <= second < end:
            return (second + offset) // SECONDS_A_DAY
    return None


@dataclass(frozen=True, slots=True)
class Almanac:
    """By which clock each local date is kept: at home, or `away` on some days from 1970-01-01.

    A flight west leaves minutes that belong to two dates, and one east some that belong to none.
    """

    home: list[Stretch]
    away: Mapping[int, list[Stretch]] = field(default_factory=dict)

    def minutes(self, day: int, start: int, end: int) -> list[Interval]:
        """The UTC minutes of `[start, end)`, in minutes from the start of that local day."""
        midnight = day * SECONDS_A_DAY
        return utc_minutes(self._clock_of(day), midnight + start * 60, midnight + end * 60)

    def dates_at(self, second: int) -> set[int]:
        """The days whose date it is at an instant, by the clock that each is kept by."""
        dates = ((zone, local_day(zone, second)) for zone in self.zones)
        return {day for zone, day in dates if day is not None and self._clock_of(day) is zone}

    @property
    def zones(self) -> list[list[Stretch]]:
        """Each clock once."""
        return list({id(zone): zone for zone in (self.home, *self.away.values())}.values())

    def _clock_of(self, day: int) -> list[Stretch]:
        return self.away.get(day, self.home)


def _changes_between(time_zone: str, start: int, end: int) -> list[tuple[int, int]]:
    return [
        change
        for era in range(start // _ERA, end // _ERA + 1)
        for change in _changes(time_zone, era)
        if start < change[0] < end
    ]


@lru_cache(maxsize=4096)
def _changes(time_zone: str, era: int) -> tuple[tuple[int, int], ...]:
    """When the offset changes within an era, and to what."""
    found = []
    change = _at(era * _ERA - 1, time_zone).next_transition()
    while change is not None and change.timestamp() < (era + 1) * _ERA:
        found.append((change.timestamp(), _offset(change)))
        change = change.next_transition()
    return tuple(found)


def _at(second: int, time_zone: str) -> ZonedDateTime:
    return Instant.from_timestamp(second).to_tz(time_zone)


def _offset(moment: ZonedDateTime) -> int:
    return int(moment.offset.total("seconds"))
