"""Mails about a meeting that changed; each carries the calendar file that changes it there too."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from webapp import clock
from webapp.accounts.models import Person
from webapp.booking import history
from webapp.booking.files import calendar_files
from webapp.booking.models import Attendee, Booking, ChangeLink
from webapp.notifications.sending import Attachment, send_email
from webapp.web import absolute_url


@dataclass(frozen=True)
class Links:
    """What the reader of a mail may do about a meeting without signing in.

    move, cancel: full addresses, or None where there is nothing to be done. until: the client's
    deadline, None for whoever has none. late: it has passed, so that they can only `ask`.
    ending: the page where an engagement is ended, of a kick-off, which is never called off alone.
    """

    move: str | None
    cancel: str | None
    until: datetime | None
    late: bool
    ask: Person | None
    ending: str | None = None


def links_for(booking: Booking, person: Person) -> Links:
    """Fresh links for a mail to one who attends; the same one twice, as long as the time stands."""
    consultants = [who for who in booking.people("consultant") if who != person]
    ask = consultants[0] if consultants else None
    if not (booking.movable and _may_change(booking, person)):
        return Links(None, None, None, False, ask)
    ending = _ending_page(booking)
    until = booking.change_until if booking.bound_by_notice(person) else None
    if until and clock.now() >= until:
        return Links(None, None, until, True, ask, ending)
    move = ChangeLink.issue(booking, person, "move")
    cancel = ChangeLink.issue(booking, person, "cancel") if booking.cancellable else None
    return Links(move, cancel, until, False, ask, ending)


def _ending_page(booking: Booking) -> str | None:
    if booking.kind != "kickoff":
        return None
    return absolute_url("desk.engagement", engagement_id=booking.engagement_id)


def rebook_link(booking: Booking, person: Person) -> str | None:
    """The address at which that person finds another time; None where there is no need of one."""
    wanted = booking.rebookable and _may_change(booking, person)
    return ChangeLink.issue(booking, person, "rebook") if wanted else None


def _may_change(booking: Booking, person: Person) -> bool:
    return booking.side_of(person) is not None and booking.changeable_by(person)


# -- what changed ----------------------------------------------------------------------------------


def tell_moved(booking: Booking, sequence: int, old: datetime) -> None:
    """Tell both sides of a move, unless it has changed again or is over by now."""
    if booking.sequence == sequence and booking.state == "booked" and _ahead(booking):
        _tell("meeting_moved", booking, "REQUEST", old=old)


def tell_cancelled(booking: Booking, sequence: int) -> None:
    """Tell both sides that a meeting is off, unless its time has passed by now."""
    if booking.sequence == sequence and booking.state == "cancelled" and _ahead(booking):
        _tell("meeting_cancelled", booking, "CANCEL", reason=history.why_cancelled(booking))


def tell_rebooked(booking: Booking, sequence: int) -> None:
    """Tell both sides that it takes place after all; calendars know it by its old UID."""
    if booking.sequence == sequence and booking.state == "booked" and _ahead(booking):
        _tell("meeting_rebooked", booking, "REQUEST")


def invite(booking: Booking, method: str, reader: Person) -> Attachment:
    """The reader's calendar file as an attachment that mail programs act upon (RFC 6047)."""
    kind = f"text/calendar; method={method}; charset=utf-8"
    return Attachment("meeting.ics", kind, calendar_files.invitation(booking, method, reader))


def _tell(kind: str, booking: Booking, method: str, **context: object) -> None:
    for attendee in booking.attendees:
        file = invite(booking, method, attendee.person)
        _write(kind, booking, attendee, str(booking.sequence), [file], **context)


# -- who did not come ------------------------------------------------------------------------------


def tell_missed(booking: Booking, occurrence: str, only: uuid.UUID | None = None) -> None:
    """Tell those who did not mark it themselves that somebody did not come, and how to meet yet.

    occurrence: 'at once' or 'again'. only: one person, whose morning it is.
    """
    if booking.state != "missed" or booking.missed_side is None or booking.missed_at is None:
        return
    for attendee in told_of_miss(booking):
        if only in {None, attendee.person_id}:
            marked = booking.missed_at.isoformat(timespec="seconds")
            _write(
                "meeting_missed", booking, attendee, f"{marked}:{occurrence}", [],
                absent=attendee.side == booking.missed_side, again=occurrence == "again",
                missing=" and ".join(who.name for who in booking.people(booking.missed_side)),
            )  # fmt: skip


def told_of_miss(booking: Booking) -> list[Attendee]:
    return [who for who in booking.attendees if who.person_id != booking.marked_by_id]


# -- what is ahead ---------------------------------------------------------------------------------


def remind(booking: Booking, person: Person, minutes: int) -> None:
    """Tell one who attends of a meeting that is near; once for each start and offset."""
    [attendee] = [who for who in booking.attendees if who.person_id == person.id]
    occurrence = f"{booking.starts_at.isoformat()}:{minutes}"
    _write(f"{booking.kind}_reminder", booking, attendee, occurrence, [], day=_day(booking, person))


def _day(booking: Booking, person: Person) -> str:
    """'Today', 'Tomorrow' or 'On Thu 3 December': the day it falls on where the reader is."""
    zone = ZoneInfo(person.time_zone)
    on, today = (at.astimezone(zone).date() for at in (booking.starts_at, clock.now()))
    near = {0: "Today", 1: "Tomorrow"}
    return near.get((on - today).days) or f"On {format_date(on, 'EEE d MMMM', locale='en')}"


# -- how -------------------------------------------------------------------------------------------


def _write(
    kind: str,
    booking: Booking,
    attendee: Attendee,
    occurrence: str,
    files: list[Attachment],
    **context: object,
) -> None:
    reader = attendee.person
    send_email(
        kind,
        reader,
        booking,
        occurrence=occurrence,
        attachments=files,
        booking=booking,
        title=booking.title_for(reader),
        others=_others(booking, reader),
        links=links_for(booking, reader),
        rebook=rebook_link(booking, reader),
        url=absolute_url("booking.meeting", booking_id=booking.id),
        **context,
    )


def _others(booking: Booking, reader: Person) -> str:
    return ", ".join(who.person.name for who in booking.attendees if who.person is not reader)


def _ahead(booking: Booking) -> bool:
    return clock.now() < booking.ends_at
