"""Times in a calendar file that name a zone nobody defines, wherever in an event they stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from icalendar import Component

NAMES = ("DTSTART", "DTEND", "RDATE", "EXDATE", "RECURRENCE-ID")
LONGEST_NAME = 60
FOR_EVER = datetime.max.replace(tzinfo=UTC)

Reach = tuple[datetime, datetime]


def unzoned(event: Component) -> Iterator[tuple[str, list[Reach], str]]:
    """(property, how far each such time of it reaches, the name of the zone), as if it were UTC.

    The parser leaves a time whose TZID it does not know without a zone, as if it had named none.
    """
    for name in NAMES:
        written = event.get(name, [])
        for values in written if isinstance(written, list) else [written]:
            if zone := unknown_zone(values):
                yield name, list(_reaches(values)), zone


def unknown_zone(values: Any) -> str:
    """The zone of one line's times where it is not known, else ''. values: as parsed."""
    unknown = "TZID" in values.params and any(map(_names_no_zone, _moments(values)))
    return str(values.params["TZID"])[:LONGEST_NAME] if unknown else ""


def _reaches(values: Any) -> Iterator[Reach]:
    """Of an occurrence that stands for all after it (RANGE), to the end of time."""
    onwards = "RANGE" in values.params
    for moment in filter(_names_no_zone, _moments(values)):
        begins = moment.replace(tzinfo=UTC)
        yield begins, (FOR_EVER if onwards else begins)


def _moments(values: Any) -> Iterator[Any]:
    """One time, several of RDATE and EXDATE, or the ends of periods."""
    for value in getattr(values, "dts", [values]):
        yield from value.dt if isinstance(value.dt, tuple) else [value.dt]


def _names_no_zone(written: object) -> bool:
    return isinstance(written, datetime) and written.tzinfo is None
