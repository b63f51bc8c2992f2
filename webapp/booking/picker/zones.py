"""The days on which a zone's clocks change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


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
