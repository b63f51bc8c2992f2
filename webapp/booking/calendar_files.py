"""Calendar files: an invitation for one meeting (iTIP, RFC 5546) and a feed of many (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import current_app
from icalendar import Alarm, Calendar, Event, vCalAddress, vDDDTypes, vText

from webapp import clock
from webapp.config import Settings

if TYPE_CHECKING:
    from webapp.accounts.models import Person
    from webapp.booking.models import Booking

PRODUCT = "-//Righthand//Meetings//EN"
REMIND_BEFORE = timedelta(minutes=30)


def invitation(booking: Booking, method: str, reader: Person) -> bytes:
    """One meeting with its METHOD: REQUEST for a new or changed one, CANCEL for one called off."""
    if method not in {"REQUEST", "CANCEL"}:
        raise ValueError(f"no such calendar method: {method!r}")
    file = _calendar()
    file.add("method", method)
    event = _event(booking, booking.title_for(reader))
    event["status"] = vText("CANCELLED" if method == "CANCEL" else "CONFIRMED")
    file.add_component(event)
    return _written(file)


def feed(bookings: Iterable[Booking], name: str, reader: Person) -> bytes:
    """Many meetings for a subscription; no METHOD, so that programs take it for a calendar."""
    file = _calendar()
    file.add("x-wr-calname", _line(name))
    file.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for booking in bookings:
        event = _event(booking, booking.title_for(reader))
        # A program that asks again shall get the same bytes while nothing has changed.
        event["dtstamp"] = vDDDTypes(booking.created_at)
        event["status"] = vText("CANCELLED" if booking.state == "cancelled" else "CONFIRMED")
        file.add_component(event)
    return _written(file)


def _calendar() -> Calendar:
    file = Calendar()
    file.add("prodid", PRODUCT)
    file.add("version", "2.0")
    file.add("calscale", "GREGORIAN")
    return file


def _written(file: Calendar) -> bytes:
    file.add_missing_timezones()
    written: bytes = file.to_ical()
    return written


def _event(booking: Booking, title: str) -> Event:
    zone = ZoneInfo(booking.time_zone)
    event = Event()
    event.add("uid", booking.uid)
    event.add("sequence", booking.sequence)
    event.add("dtstamp", clock.now())
    event.add("dtstart", booking.starts_at.astimezone(zone))
    event.add("dtend", booking.ends_at.astimezone(zone))
    event.add("summary", _line(title))
    event.add("location", _line(booking.place))
    event.add("description", _description(booking, title))
    event["organizer"] = _organizer()
    for attendee in booking.attendees:
        event.add("attendee", _attendee(attendee.person.name, attendee.person.email), encode=False)
    event.add_component(_alarm(title))
    return event


def _description(booking: Booking, title: str) -> str:
    with_whom = ", ".join(attendee.person.name for attendee in booking.attendees)
    return f"{_line(title)}\nWhere: {_line(booking.place)}\nWith: {with_whom}"


def _line(text: str) -> str:
    """Text that people typed, on one line: not every property has its line breaks escaped."""
    return " ".join(text.split())


def _organizer() -> vCalAddress:
    settings: Settings = current_app.config["SETTINGS"]
    name, address = parseaddr(settings.mail_from)
    organizer = vCalAddress(f"MAILTO:{address}")
    organizer.params["CN"] = vText(name or settings.firm_name)
    return organizer


def _attendee(name: str, address: str) -> vCalAddress:
    attendee = vCalAddress(f"MAILTO:{address}")
    attendee.params["CN"] = vText(_line(name))
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
    attendee.params["RSVP"] = vText("TRUE")
    return attendee


def _alarm(title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -REMIND_BEFORE)
    alarm.add("description", title)
    return alarm
