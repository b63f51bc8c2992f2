"""Once more the next business day: a missed meeting that has no new time yet."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from webapp import clock, outbox
from webapp.accounts.models import Company, Person
from webapp.booking.days import NO_HOLIDAYS, Holidays, holidays_in, next_business_days
from webapp.booking.mails import letters
from webapp.booking.models import Attendee, Booking
from webapp.booking.models.meeting import ENGAGEMENT
from webapp.catalog.models import Consultant
from webapp.db import session

MORNING = time(9)
# Weekends and holidays in a row, with room to spare.
LOOK_BACK = timedelta(days=14)
STILL_OF_USE = timedelta(days=1)
TASK = "booking.tell_missed_again"

Planned = tuple[str, list[object], str, datetime]


def plan_second_notices() -> None:
    """A job for each who was told of a miss, on the next business day at nine where they are."""
    now = clock.now()
    rows = (
        select(
            Booking.id, Booking.missed_at, Attendee.person_id, Person.time_zone,
            func.coalesce(Consultant.country, Company.country, "").label("country"),
        )
        .join(Attendee, Attendee.booking_id == Booking.id)
        .join(Person, Person.id == Attendee.person_id)
        .outerjoin(Consultant, Consultant.person_id == Attendee.person_id)
        .join(ENGAGEMENT, ENGAGEMENT.c.id == Booking.engagement_id)
        .outerjoin(Company, Company.id == ENGAGEMENT.c.company_id)
        .where(Booking.state == "missed", Booking.missed_side.is_not(None), Person.active)
        .where(Booking.missed_at > now - LOOK_BACK)
        .where(Attendee.person_id.is_distinct_from(Booking.marked_by_id))
    )  # fmt: skip
    jobs = (
        _job(row.id, row.missed_at, row.person_id, row.time_zone, row.country)
        for row in session.execute(rows)
    )
    outbox.enqueue_all(job for job in jobs if now <= job[-1] + STILL_OF_USE)


def _job(
    booking_id: uuid.UUID, missed_at: datetime, person_id: uuid.UUID, zone: str, country: str
) -> Planned:
    fact = [str(booking_id), str(person_id), missed_at.isoformat()]
    due = next_morning(missed_at, zone, country)
    return TASK, [*fact, due.isoformat()], ":".join([TASK, *fact]), due


def next_morning(after: datetime, zone: str, country: str) -> datetime:
    """Nine o'clock there on the first business day after the day of that instant."""
    today = after.astimezone(ZoneInfo(zone)).date()
    [day] = next_business_days(today, 1, _holidays(country))
    return datetime.combine(day, MORNING, ZoneInfo(zone))


def _holidays(country: str) -> Holidays:
    """Where a country's holidays are not known, only weekends are kept."""
    try:
        return holidays_in(country) if country else NO_HOLIDAYS
    except ValueError:
        return NO_HOLIDAYS


def tell_again(booking: Booking, person_id: uuid.UUID, missed_at: datetime, due: datetime) -> None:
    """Nothing once it was rebooked, taken back, or marked anew, nor a day late."""
    if booking.missed_at == missed_at and clock.now() <= due + STILL_OF_USE:
        letters.tell_missed(booking, "again", person_id)
