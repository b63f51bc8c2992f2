"""What time a calendar file (RFC 5545) takes: recurring events expanded, all else dropped.

Pure, and not to be trusted with a stranger's file in our own process: see expanding.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component, Event, vRecur

from webapp.booking.outside.provider import BusyTime

MOST_BUSY = 10_000
# Times that name no zone are compared as if in UTC before we give them one.
MARGIN = timedelta(days=2)
TIMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
KEPT = (*TIMES, "UID", "SEQUENCE", "STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")
ZONE_DEFINITION = re.compile(rb"^BEGIN:VTIMEZONE.*?^END:VTIMEZONE\s*", re.DOTALL | re.MULTILINE)
TOO_OFTEN = frozenset({"MINUTELY", "SECONDLY"})
BUSY_KINDS = frozenset({"BUSY", "BUSY-TENTATIVE", "BUSY-UNAVAILABLE"})


class BadFile(Exception):
    """The file cannot be understood, or is too much; says so in words."""


def busy_times(file: bytes, time_zone: str, first: datetime, last: datetime) -> list[BusyTime]:
    """Busy time that touches [first, last), in UTC, in order, each once.

    time_zone: IANA, for all-day events and for times that name no zone. Free (TRANSPARENT) and
    cancelled events are left out, tentative ones are not. BadFile when anything that says when
    an event takes place cannot be read: better no answer than half of one.
    """
    found: set[BusyTime] = set()
    zone = ZoneInfo(time_zone)
    for calendar in _parsed(file):
        for busy in _of(calendar, zone, first, last):
            if busy.starts_at < last and busy.ends_at > first and busy.starts_at < busy.ends_at:
                found.add(busy)
            if len(found) > MOST_BUSY:
                raise BadFile(f"That calendar has more than {MOST_BUSY:,} busy times ahead.")
    return sorted(found, key=lambda busy: (busy.starts_at, busy.ends_at, busy.uid))


def _parsed(file: bytes) -> list[Component]:
    file = file.removeprefix(b"\xef\xbb\xbf")
    try:
        found = _read(file)
    except BadFile:  # its events may be good where its definition of a zone is not
        found = _read(ZONE_DEFINITION.sub(b"", file))
    calendars: list[Component] = [part for part in found if part.name == "VCALENDAR"]
    if not calendars:
        raise BadFile("That is not a calendar file.")
    return calendars


def _read(file: bytes) -> list[Calendar]:
    try:
        return Calendar.from_ical(file, multiple=True)
    except (ValueError, KeyError, IndexError) as error:
        raise BadFile("That is not a calendar file.") from error


def _of(calendar: Component, zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[BusyTime]:
    yield from _free_busy(calendar, zone)
    try:
        query = recurring_ical_events.of(_bare(calendar))
        occurrences = query.between(first - MARGIN, last + MARGIN)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise BadFile("An event in that calendar has a time that cannot be read.") from error
    unknown = _in_unknown_zones(calendar)
    for event in filter(_takes_time, occurrences):
        uid, start, end = str(event["UID"]), event["DTSTART"].dt, event["DTEND"].dt
        if uid in unknown:
            raise BadFile(f"An event is in a time zone that nobody knows: {unknown[uid]}.")
        yield BusyTime(uid, _instant(start, zone), _instant(end, zone))


def _in_unknown_zones(calendar: Component) -> dict[str, str]:
    """Events, by UID, whose time names a zone that neither the file nor anybody defines."""
    dated: list[Any] = [event for event in calendar.walk("VEVENT") if "DTSTART" in event]
    return {
        str(event.get("UID", "")): str(event["DTSTART"].params["TZID"])[:60]
        for event in dated
        if "TZID" in event["DTSTART"].params and _names_no_zone(event["DTSTART"].dt)
    }


def _names_no_zone(written: date) -> bool:
    return isinstance(written, datetime) and written.tzinfo is None


def _bare(calendar: Component) -> Calendar:
    """Its events with nothing but when they are: titles and guests are none of our business."""
    bare = Calendar()
    if _known_zone(str(calendar.get("X-WR-TIMEZONE", ""))):
        bare["X-WR-TIMEZONE"] = calendar["X-WR-TIMEZONE"]
    for number, event in enumerate(calendar.walk("VEVENT")):
        _check(event)
        if "DTSTART" in event:
            bare.add_component(_stripped(event, number))
    return bare


def _check(event: Component) -> None:
    """The parser drops what it cannot read: an event that lost a time would seem to be free."""
    if any(name in TIMES for name, _ in event.errors):
        raise BadFile("An event in that calendar has a time that cannot be read.")
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        _check_rule(rule)


def _check_rule(rule: vRecur) -> None:
    if any(int(step) < 1 for step in rule.get("INTERVAL", [])):  # dateutil would never end
        raise BadFile("An event in that calendar repeats by a rule that cannot be read.")
    if TOO_OFTEN & {str(often).upper() for often in rule.get("FREQ", [])}:
        raise BadFile("An event in that calendar repeats every minute, or every second.")


def _stripped(event: Component, number: int) -> Event:
    stripped = Event()
    for name in KEPT:
        if name in event:
            stripped[name] = event[name]
    # Without a name, events would be taken for versions of one another.
    stripped.setdefault("UID", f"unnamed-{number}")
    return stripped


def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError):
        return False
    return True


def _takes_time(event: Component) -> bool:
    return (
        str(event.get("STATUS", "")).upper() != "CANCELLED"
        and str(event.get("TRANSP", "")).upper() != "TRANSPARENT"
        and str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() != "FREE"
    )


def _free_busy(calendar: Component, zone: ZoneInfo) -> Iterator[BusyTime]:
    """Calendars published without their events: VFREEBUSY, with periods alone."""
    for part in calendar.walk("VFREEBUSY"):
        if part.errors:
            raise BadFile("That calendar has a busy time that cannot be read.")
        written = part.get("FREEBUSY", [])
        for number, period in enumerate(written if isinstance(written, list) else [written]):
            if str(period.params.get("FBTYPE", "BUSY")).upper() in BUSY_KINDS:
                uid = f"{part.get('UID', '')}#{number}"
                yield BusyTime(uid, _instant(period.start, zone), _instant(period.end, zone))


def _instant(written: date, zone: ZoneInfo) -> datetime:
    """In UTC; a whole day begins at the zone's midnight, and a time without a zone is the zone's.

    Whatever odd zone it was written in, only the offset counts from here on.
    """
    if not isinstance(written, datetime):
        written = datetime.combine(written, time())
    return (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)


def texts(busy: Iterable[BusyTime]) -> list[list[str]]:
    """For handing over between processes."""
    return [[row.uid, row.starts_at.isoformat(), row.ends_at.isoformat()] for row in busy]


def from_texts(rows: Iterable[list[str]]) -> list[BusyTime]:
    return [
        BusyTime(uid, datetime.fromisoformat(starts), datetime.fromisoformat(ends))
        for uid, starts, ends in rows
    ]
