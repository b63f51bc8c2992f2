"""What time a calendar file (RFC 5545) takes: recurring events expanded, all else dropped.

Pure, and not to be trusted with a stranger's file in our own process: see expanding.py.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component, Event, vRecur

from webapp.booking.outside.ics.unzoned import unknown_zone, unzoned
from webapp.booking.outside.provider import BusyTime

MOST_BUSY = 10_000
LONGEST_UID = 255
UNREADABLE = "An event in that calendar has a time that cannot be read."
IN_NO_ZONE = "An event is in a time zone that nobody knows: {}."
# Times that name no zone are compared as if in UTC before we give them one.
MARGIN = timedelta(days=2)
TIMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
KEPT = (*TIMES, "UID", "SEQUENCE", "STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")
ZONE_DEFINITION = re.compile(rb"^BEGIN:VTIMEZONE.*?^END:VTIMEZONE\s*", re.DOTALL | re.MULTILINE)
TOO_OFTEN = frozenset({"MINUTELY", "SECONDLY"})
BUSY_KINDS = frozenset({"BUSY", "BUSY-TENTATIVE", "BUSY-UNAVAILABLE"})


class BadFile(Exception):
    """The file cannot be understood, or is too much; says so in words."""


def busy_times(
    file: bytes, time_zone: str, first: datetime, last: datetime, own: Collection[str] = ()
) -> list[BusyTime]:
    """Busy time that touches [first, last), in UTC, in order, each once.

    time_zone: IANA, for all-day events and for times that name no zone. own: the owner's addresses,
    as ATTENDEE gives them. Free (TRANSPARENT) and cancelled events are left out, and those that the
    owner declined; tentative ones are not. BadFile when anything that says when an event takes
    place cannot be read: better no answer than half of one.
    """
    found: set[BusyTime] = set()
    zone, owner = ZoneInfo(time_zone), frozenset(address.lower() for address in own)
    for calendar in _parsed(file):
        bare = _bare(calendar, owner)
        for busy in chain(_free_busy(calendar, zone), _of(bare, zone, first, last)):
            if busy.starts_at < last and busy.ends_at > first and busy.starts_at < busy.ends_at:
                found.add(busy)
            if len(found) > MOST_BUSY:
                raise BadFile(f"That calendar has more than {MOST_BUSY:,} busy times ahead.")
    return sorted(found, key=by_time)


def by_time(busy: BusyTime) -> tuple[datetime, datetime, str]:
    return busy.starts_at, busy.ends_at, busy.uid


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


def _of(bare: Calendar, zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[BusyTime]:
    around = first - MARGIN, last + MARGIN
    unknown = _in_unknown_zones(bare, around)
    try:
        occurrences = recurring_ical_events.of(bare).between(*around)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise BadFile(UNREADABLE) from error
    for event in filter(_takes_time, occurrences):
        name, start, end = str(event["UID"]), event["DTSTART"].dt, event["DTEND"].dt
        if name in unknown:
            raise BadFile(IN_NO_ZONE.format(unknown[name]))
        yield BusyTime(_uid_of(name), _instant(start, zone), _instant(end, zone))


def _in_unknown_zones(bare: Calendar, around: tuple[datetime, datetime]) -> dict[str, str]:
    """Events, by name, with a time in a zone that neither the file nor anybody defines.

    BadFile where such a time itself is around what is asked for: an occurrence that it takes away
    is not there to be found. One that only takes away what is long over does no harm.
    """
    found: dict[str, str] = {}
    for event in bare.walk("VEVENT"):
        if not (_takes_time(event) or "RECURRENCE-ID" in event):
            continue
        for name, reaches, zone in unzoned(event):
            if any(first <= around[1] and last >= around[0] for first, last in reaches):
                raise BadFile(IN_NO_ZONE.format(zone))
            if name != "EXDATE":
                found[str(event["UID"])] = zone
    return found


def _bare(calendar: Component, own: frozenset[str]) -> Calendar:
    """Its events with nothing but when they are: titles and guests are none of our business."""
    bare, seen = Calendar(), set[object]()
    if _known_zone(str(calendar.get("X-WR-TIMEZONE", ""))):
        bare["X-WR-TIMEZONE"] = calendar["X-WR-TIMEZONE"]
    for number, event in enumerate(calendar.walk("VEVENT")):
        _check(event)
        if "DTSTART" in event:
            bare.add_component(_stripped(event, number, seen, own))
    return bare


def _check(event: Component) -> None:
    """The parser drops what it cannot read: an event that lost a time would seem to be free."""
    if any(name in TIMES for name, _ in event.errors):
        raise BadFile(UNREADABLE)
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        _check_rule(rule)


def _check_rule(rule: vRecur) -> None:
    if any(int(step) < 1 for step in rule.get("INTERVAL", [])):  # dateutil would never end
        raise BadFile("An event in that calendar repeats by a rule that cannot be read.")
    if TOO_OFTEN & {str(often).upper() for often in rule.get("FREQ", [])}:
        raise BadFile("An event in that calendar repeats every minute, or every second.")


def _stripped(event: Component, number: int, seen: set[object], own: frozenset[str]) -> Event:
    """seen: each event, or occurrence of one, that came before in the file."""
    stripped = Event()
    for name in KEPT:
        if name in event:
            stripped[name] = event[name]
    # Without a name, events would be taken for versions of one another.
    uid = _short(str(event.get("UID", f"unnamed-{number}")))
    instead: Any = event.get("RECURRENCE-ID")
    which = uid, str(instead.dt) if instead else ""
    again = which in seen
    if again:  # nothing says which of the two holds: both take time
        stripped.pop("RECURRENCE-ID", None)
    stripped["UID"] = f"{number if again else 0} {uid}"
    seen.add(which)
    if _declined(event, own):
        stripped["TRANSP"] = "TRANSPARENT"
    return stripped


def _uid_of(name: str) -> str:
    """The UID of an event that was given a name of its own."""
    return name.partition(" ")[2]


def _short(uid: str) -> str:
    """RFC 7986, 5.3: 255 octets at most. What is longer is said for each occurrence all the same,
    so a digest stands for it."""
    return (
        uid
        if len(uid) <= LONGEST_UID
        else hashlib.sha256(uid.encode("utf-8", "replace")).hexdigest()
    )


def _declined(event: Component, own: frozenset[str]) -> bool:
    """Whether the owner is invited and will not come, wherever they stand among the guests."""
    written = event.get("ATTENDEE", [])
    guests = written if isinstance(written, list) else [written]
    answers = {
        str(guest.params.get("PARTSTAT", "")).upper()
        for guest in guests
        if str(guest).strip().lower() in own
    }
    return answers == {"DECLINED"}


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
                if unknown := unknown_zone(period):
                    raise BadFile(IN_NO_ZONE.format(unknown))
                uid = f"{_short(str(part.get('UID', '')))}#{number}"
                yield BusyTime(uid, _instant(period.start, zone), _instant(period.end, zone))


def _instant(written: date, zone: ZoneInfo) -> datetime:
    """In UTC; a whole day begins at the zone's midnight, and a time without a zone is the zone's.

    Whatever odd zone it was written in, only the offset counts from here on.
    """
    if not isinstance(written, datetime):
        written = datetime.combine(written, time())
    return (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)


def texts(busy: Iterable[BusyTime]) -> dict[str, list[tuple[int, int]]]:
    """For handing over between processes: by UID, in whole seconds since 1970."""
    found = defaultdict(list)
    for uid, starts, ends in busy:
        found[uid].append((int(starts.timestamp()), int(ends.timestamp())))
    return found


def from_texts(written: Mapping[str, Iterable[tuple[int, int]]]) -> list[BusyTime]:
    return sorted(
        (
            BusyTime(uid, datetime.fromtimestamp(starts, UTC), datetime.fromtimestamp(ends, UTC))
            for uid, times in written.items()
            for starts, ends in times
        ),
        key=by_time,
    )
