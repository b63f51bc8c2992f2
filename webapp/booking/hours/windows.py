"""Opening hours as people read them, and whether they make sense together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import time
from itertools import pairwise

from webapp.booking.models.opening_hours import minute_of_day, window

MOST_WINDOWS = 6
MINUTES_A_DAY = 24 * 60

Pair = tuple[str, str]


def stored(starts: time, ends: time) -> Pair:
    """Two times of day as they are kept: 'HH:MM'; midnight as an end is the end of the day."""
    return f"{starts:%H:%M}", "24:00" if ends == time() else f"{ends:%H:%M}"


def times(pair: Pair) -> tuple[time, time]:
    """The same two times for a form, which knows no 24:00."""
    starts, ends = (time.fromisoformat(part.replace("24:00", "00:00")) for part in pair)
    return starts, ends


def check(pairs: Sequence[Pair]) -> None:
    """Raise ValueError, with a message for people, unless a day can have these windows.

    An end at or before its start runs past midnight.
    """
    if len(pairs) > MOST_WINDOWS:
        raise ValueError(f"Enter at most {MOST_WINDOWS} spans a day.")
    if any(minute_of_day(starts) == minute_of_day(ends) for starts, ends in pairs):
        raise ValueError("A span has to end at another time than it starts.")
    extents = sorted(window(*pair).extent for pair in pairs)
    if any(earlier[1] > later[0] for earlier, later in pairwise(extents)):
        raise ValueError("These spans overlap.")


def write_hours(windows: Iterable[Pair]) -> str:
    """'09:00 – 12:30, 13:30 – 17:00'."""
    return ", ".join(shown(*extent) for extent in sorted(window(*pair).extent for pair in windows))


def shown(start: int, end: int) -> str:
    """Minutes from the start of a day as '22:00 – 02:00 (next day)'."""
    later = " (next day)" if end > MINUTES_A_DAY else ""
    return f"{_clock(start)} – {_clock(end)}{later}"


def _clock(minute: int) -> str:
    if minute == MINUTES_A_DAY:
        return "24:00"
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
