"""Calendar files: an invitation for one meeting (iTIP, RFC 5546) and a feed of many (RFC 5545)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import current_app
from icalendar import Alarm, Calendar, Event, Timezone, vCalAddress, vDDDTypes, vText, vUri

from webapp import clock
from webapp.booking.files import calendar_zones
from webapp.config import Settings
from webapp.plain_text import BIDI_CONTROL, CONTROL
from webapp.web import absolute_url

if TYPE_CHECKING:
    from webapp.accounts.models import Person
    from webapp.booking.models import Booking

PRODUCT = "-//Righthand//Meetings//EN"
REMIND_BEFORE = timedelta(minutes=30)
ASK_AGAIN = timedelta(hours=1)


def invitation(booking: Booking, method: str, reader: Person) -> bytes:
    """One meeting with its METHOD: REQUEST for a new or changed one, CANCEL for one called off.

    A CANCEL for whoever attends no more uninvites them alone: it names nobody else, and has no
    STATUS, which would call the meeting off for everyone (RFC 5546, 3.2.5). The organizer is who
    sends the mail.
    """
    if method not in {"REQUEST", "CANCEL"}:
        raise ValueError(f"no such calendar method: {method!r}")
    uninvited = method == "CANCEL" and booking.side_of(reader) is None
    event = _event(booking, reader, called_off=method == "CANCEL")
    event.add("dtstamp", clock.now())
    event["organizer"] = _organizer()
    if uninvited:
        del event["status"]
    for person in [reader] if uninvited else _invited(booking, reader):
        event.add("attendee", _attendee(person.name, person.email), encode=False)
    return _written([event], method=method)


def _invited(booking: Booking, reader: Person) -> Iterable[Person]:
    """With the reader in any case: programs look for their own address among those asked."""
    others = {attendee.person.email: attendee.person for attendee in booking.attendees}
    return ({reader.email: reader} | others).values()


def feed(bookings: Iterable[Booking], name: str, reader: Person) -> bytes:
    """Many meetings for a subscription, or one to be kept; no METHOD, so nobody is asked anything.

    Nobody's address is in it, as whoever has the address of a feed may read it. The same meetings
    give the same bytes whenever it is asked for.
    """
    events = [_kept(booking, reader) for booking in bookings]
    return _written(events, name=name)


def _kept(booking: Booking, reader: Person) -> Event:
    event = _event(booking, reader, called_off=booking.state == "cancelled")
    event["dtstamp"] = vDDDTypes(booking.changed_at.astimezone(UTC))
    return event


def _written(events: list[Event], method: str = "", name: str = "") -> bytes:
    file = Calendar()
    file.add("prodid", PRODUCT)
    file.add("version", "2.0")
    file.add("calscale", "GREGORIAN")
    if method:
        file.add("method", method)
    if name:
        _describe(file, name)
    for component in [*_zones(events), *events]:
        file.add_component(component)
    written: bytes = file.to_ical()
    return written


def _describe(file: Calendar, name: str) -> None:
    """The name and how often to ask, each as RFC 7986 has it and as programs had it before."""
    file.add("name", _line(name))
    file.add("x-wr-calname", _line(name))
    file.add("refresh-interval", ASK_AGAIN, parameters={"VALUE": "DURATION"})
    file.add("x-published-ttl", "PT1H")


def _zones(events: Iterable[Event]) -> list[Timezone]:
    instants = defaultdict(list)
    for event in events:
        for time in (event.decoded("dtstart"), event.decoded("dtend")):
            if time.tzinfo is not UTC:
                instants[str(time.tzinfo)].append(time.astimezone(UTC))
    return [calendar_zones.written(name, instants[name]) for name in sorted(instants)]


def _event(booking: Booking, reader: Person, *, called_off: bool) -> Event:
    title = _line(booking.title_for(reader))
    event = Event()
    event.add("uid", booking.uid)
    event.add("sequence", booking.sequence)
    event.add("created", booking.created_at)
    event.add("last-modified", booking.changed_at)
    for name, at in zip(("dtstart", "dtend"), _times(booking), strict=True):
        event.add(name, at)
    event.add("summary", title)
    event.add("description", _description(booking, title))
    event["status"] = vText("CANCELLED" if called_off else "CONFIRMED")
    event["transp"] = vText("TRANSPARENT" if called_off else "OPAQUE")
    event["url"] = vUri(absolute_url("booking.meeting", booking_id=booking.id))
    _place(event, _line(booking.place))
    if not called_off:
        event.add_component(_alarm(title))
    return event


def _times(booking: Booking) -> list[datetime]:
    """Start and end in the meeting's zone; both in UTC where that zone has no name for one.

    Of two equal wall times a file can only tell the first (RFC 5545, 3.3.5).
    """
    instants = booking.starts_at.astimezone(UTC), booking.ends_at.astimezone(UTC)
    local = [at.astimezone(ZoneInfo(booking.time_zone)) for at in instants]
    nameless = booking.time_zone in {"UTC", "Etc/UTC"} or any(at.fold for at in local)
    return list(instants) if nameless else local


def _description(booking: Booking, title: str) -> str:
    with_whom = ", ".join(_line(attendee.person.name) for attendee in booking.attendees)
    return f"{title}\nWhere: {_line(booking.place)}\nWith: {with_whom}"


def _place(event: Event, place: str) -> None:
    """Where to go; a video room also as what can be joined by a press (RFC 7986)."""
    event.add("location", place)
    if place.startswith("https://") and " " not in place:
        event.add("conference", vUri(place), {"VALUE": "URI", "FEATURE": "VIDEO"})


def _line(text: str) -> str:
    """Text that people typed, on one line and with nothing in it that is not written.

    Not every property has its line breaks escaped, and a control character makes the whole file
    unreadable to some.
    """
    return " ".join(BIDI_CONTROL.sub("", CONTROL.sub(" ", text)).split())


def _organizer() -> vCalAddress:
    settings: Settings = current_app.config["SETTINGS"]
    name, address = parseaddr(settings.mail_from)
    return _address(name or settings.firm_name, address)


def _attendee(name: str, address: str) -> vCalAddress:
    attendee = _address(name, address)
    attendee.params["CUTYPE"] = vText("INDIVIDUAL")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
    attendee.params["RSVP"] = vText("TRUE")
    return attendee


def _address(name: str, address: str) -> vCalAddress:
    """A parameter holds no double quote, and what stands for one (RFC 6868) few can read."""
    made = vCalAddress(f"mailto:{address}")
    made.params["CN"] = vText(_line(name).replace('"', "'"))
    return made


def _alarm(title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -REMIND_BEFORE)
    alarm.add("description", title)
    return alarm
