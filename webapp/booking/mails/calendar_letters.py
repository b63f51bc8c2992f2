"""Mails about who comes to a meeting instead, and about hours that the firm changed."""

from __future__ import annotations

import uuid

from webapp import clock
from webapp.accounts.models import Person
from webapp.booking.mails.letters import invite, links_for
from webapp.booking.models import Booking
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.notifications.sending import send_email
from webapp.web import absolute_url

PARTS = {
    "hours": "your weekly hours",
    "date": "the hours of a single date",
    "absence": "when you are out of office",
    "travel": "your travel",
    "rules": "the rules of your calendar",
}


def tell_handed_over(
    booking: Booking, sequence: int, giver_id: uuid.UUID, taker_id: uuid.UUID
) -> None:
    """Everybody's calendar learns who comes: a REQUEST to all who attend, a CANCEL to who left.

    Whoever left hears of it here alone, so they are told whatever became of the meeting since.
    For those who attend, calling it off or handing it on has mails of its own.
    """
    giver, taker = session.get_one(Consultant, giver_id), session.get_one(Consultant, taker_id)
    if booking.side_of(giver.person) is None:
        _tell(booking, sequence, giver.person, giver, taker)
    if _ahead(booking) and booking.side_of(taker.person):
        for attendee in booking.attendees:
            _tell(booking, sequence, attendee.person, giver, taker)


def tell_changed(consultant_id: uuid.UUID, part: str, outside: int, change: str) -> None:
    """Tell a consultant that the firm changed their calendar, and how much it put outside.

    change: what makes one change unlike the next.
    """
    consultant = session.get_one(Consultant, consultant_id)
    send_email(
        "availability_changed",
        consultant.person,
        consultant,
        occurrence=change,
        part=PARTS[part],
        outside=outside,
        url=absolute_url("booking.availability"),
    )


def _ahead(booking: Booking) -> bool:
    return booking.state == "booked" and clock.now() < booking.ends_at


def _tell(
    booking: Booking, sequence: int, reader: Person, giver: Consultant, taker: Consultant
) -> None:
    comes = booking.side_of(reader) is not None
    send_email(
        "meeting_handed_over",
        reader,
        booking,
        occurrence=str(sequence),
        attachments=[invite(booking, "REQUEST" if comes else "CANCEL", reader)],
        booking=booking,
        title=booking.title_for(reader),
        giver=giver.name,
        taker=taker.name,
        part="giver" if reader == giver.person else "taker" if reader == taker.person else "other",
        others=", ".join(who.person.name for who in booking.attendees if who.person != reader),
        links=links_for(booking, reader),
        url=absolute_url("booking.meeting", booking_id=booking.id) if comes else None,
    )
