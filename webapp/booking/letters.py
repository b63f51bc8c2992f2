"""Mails about a meeting that changed; each carries the calendar file that changes it there too."""

from __future__ import annotations

from datetime import datetime

from webapp import clock
from webapp.accounts.models import Person
from webapp.booking.models import Booking
from webapp.notifications.sending import Attachment, send_email
from webapp.web import absolute_url


def tell_moved(booking: Booking, sequence: int, old: datetime) -> None:
    """Tell both sides of a move, unless it has changed again or is over by now."""
    if booking.sequence == sequence and booking.state == "booked" and _ahead(booking):
        _tell("meeting_moved", booking, "REQUEST", old=old)


def tell_cancelled(booking: Booking, sequence: int) -> None:
    """Tell both sides that a meeting is off, unless its time has passed by now."""
    if booking.sequence == sequence and booking.state == "cancelled" and _ahead(booking):
        _tell("meeting_cancelled", booking, "CANCEL")


def invite(booking: Booking, method: str, reader: Person) -> Attachment:
    """The reader's calendar file as an attachment that mail programs act upon (RFC 6047)."""
    kind = f"text/calendar; method={method}; charset=utf-8"
    return Attachment("meeting.ics", kind, booking.calendar_file(method, reader))


def _tell(kind: str, booking: Booking, method: str, **context: object) -> None:
    for attendee in booking.attendees:
        send_email(
            kind,
            attendee.person,
            booking,
            occurrence=str(booking.sequence),
            attachments=[invite(booking, method, attendee.person)],
            booking=booking,
            title=booking.title_for(attendee.person),
            others=_others(booking, attendee.person),
            url=absolute_url("desk.engagement", engagement_id=booking.engagement_id),
            **context,
        )


def _others(booking: Booking, reader: Person) -> str:
    return ", ".join(who.person.name for who in booking.attendees if who.person is not reader)


def _ahead(booking: Booking) -> bool:
    return clock.now() < booking.ends_at
