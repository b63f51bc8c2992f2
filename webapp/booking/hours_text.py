"""Opening hours as people write them: '09:00-12:30, 13:30-17:00'."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from webapp.booking.models.opening_hours import minute_of_day, window

# A hyphen or any dash; a dot is what many write between hours and minutes.
PART = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})\s*[-–—]\s*([0-9]{1,2})[:.]([0-9]{2})")
MOST_WINDOWS = 6

Pair = tuple[str, str]


def read_hours(text: str) -> list[Pair]:
    """Windows in order, as pairs of 'HH:MM'; none for an empty line.

    '24:00' may end one; an end at or before the start runs past midnight. Raises ValueError with
    a message for people.
    """
    parts = [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
    if len(parts) > MOST_WINDOWS:
        raise ValueError(f"Enter at most {MOST_WINDOWS} spans a day.")
    found = sorted(_pair(part) for part in parts)
    extents = [window(*pair).extent for pair in found]
    if any(earlier[1] > later[0] for earlier, later in pairwise(extents)):
        raise ValueError("These spans overlap.")
    return found


def write_hours(windows: Iterable[Pair]) -> str:
    return ", ".join(f"{starts}-{ends}" for starts, ends in sorted(windows))


def _pair(part: str) -> Pair:
    matched = PART.fullmatch(part)
    if not matched:
        raise ValueError("Write hours like 09:00-12:30, 13:30-17:00.")
    hour, minute, end_hour, end_minute = matched.groups()
    starts, ends = f"{int(hour):02}:{minute}", f"{int(end_hour):02}:{end_minute}"
    if not _is_time(starts, 23) or not (_is_time(ends, 23) or ends == "24:00"):
        raise ValueError(f"{part} is not a span of the day.")
    if minute_of_day(starts) == minute_of_day(ends):
        raise ValueError(f"{part} has no length.")
    return starts, ends


def _is_time(written: str, last_hour: int) -> bool:
    hours, minutes = written.split(":")
    return int(hours) <= last_hour and int(minutes) < 60
