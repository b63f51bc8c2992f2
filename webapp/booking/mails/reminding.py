"""Which reminders of meetings are due, and sending one: derived from the database by any run."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Float, and_, case, cast, func, select

from webapp import clock, outbox
from webapp.accounts.models import Person
from webapp.booking.mails import letters
from webapp.booking.models import Attendee, Booking, Reminder
from webapp.booking.models.reminder import OFFSETS, USUAL
from webapp.db import session

LOOK_AHEAD = timedelta(hours=24)
# With less than half of the time left that it was to give, a reminder would only disturb.
LEAST_LEFT = 0.5
LONGEST = timedelta(minutes=max(OFFSETS))


def plan_reminders() -> None:
    """A job for each reminder of the next hours, at the instant it is for; one query.

    Nothing for a time agreed, or an offset chosen, when that instant had passed already: whoever
    has just booked for tomorrow needs no mail that says so.
    """
    now = clock.now()
    [usual] = USUAL
    minutes = case((Reminder.id.is_(None), usual), else_=Reminder.minutes_before)
    due = Booking.starts_at - _seconds(minutes * 60)
    last_use = Booking.starts_at - _seconds(minutes * 60 * LEAST_LEFT)
    agreed = func.greatest(
        func.coalesce(Booking.moved_at, Booking.created_at), Reminder.created_at
    )  # greatest() leaves NULLs out
    rows = (
        select(Booking.id, Attendee.person_id, minutes.label("minutes"), Booking.starts_at)
        .join(Attendee, Attendee.booking_id == Booking.id)
        .join(Person, and_(Person.id == Attendee.person_id, Person.active))
        .outerjoin(Reminder, Reminder.person_id == Attendee.person_id)
        .where(Booking.state == "booked", minutes.is_not(None))
        .where(Booking.starts_at > now, Booking.starts_at <= now + LOOK_AHEAD + LONGEST)
        .where(due <= now + LOOK_AHEAD, due >= agreed)
        .where(last_use > now)
    )
    outbox.enqueue_all(
        _job(row.id, row.person_id, row.minutes, row.starts_at) for row in session.execute(rows)
    )


def _seconds(count: ColumnElement[float]) -> ColumnElement[timedelta]:
    return func.make_interval(0, 0, 0, 0, 0, 0, cast(count, Float))


def _job(
    booking_id: uuid.UUID, person_id: uuid.UUID, minutes: int, starts_at: datetime
) -> tuple[str, list[object], str, datetime]:
    args = [str(booking_id), str(person_id), minutes, starts_at.isoformat()]
    due = starts_at - timedelta(minutes=minutes)
    return "booking.remind", args, ":".join(["booking.remind", *map(str, args)]), due


def remind(booking: Booking, person: Person, minutes: int, starts_at: datetime) -> None:
    """Send one, if the meeting still is at that time and the person still wants it."""
    last_use = starts_at - timedelta(minutes=minutes) * LEAST_LEFT
    stands = booking.state == "booked" and booking.starts_at == starts_at
    wanted = booking.side_of(person) is not None and minutes in Reminder.of(person)
    if stands and wanted and clock.now() < last_use:
        letters.remind(booking, person, minutes)
