"""Reads over consultants, their calendars and their capacity."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, or_, select

from webapp import clock
from webapp.accounts.models import Person
from webapp.booking.models.availability import DateOverride
from webapp.booking.models.capacity import (
    CapacityMonth,
    CapacityUse,
    months_from,
    months_needed,
)
from webapp.booking.models.claim import Claim
from webapp.booking.models.hold import KICKOFF_MINUTES, Hold
from webapp.booking.models.meeting import Booking
from webapp.booking.models.open_times import Calendar, calendars
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

FARTHEST = timedelta(days=400)
SHOWN_MONTHS = 3
# A horizon of a year and the year that follows a kick-off at its end.
MONTHS_AHEAD = 26

Free = dict[date, int]


@dataclass(frozen=True)
class Listed:
    """A consultant as lists show them; free: days left of each month."""

    consultant: Consultant
    free: Free
    next_open: datetime | None

    @property
    def free_days(self) -> int:
        """What can be had in every one of the months shown."""
        return min(list(self.free.values())[:SHOWN_MONTHS])

    @property
    def shown(self) -> Free:
        return dict(list(self.free.items())[:SHOWN_MONTHS])


def published(roles: Collection[str] = ()) -> Select[Consultant]:
    """Consultants on the public list who hold all these roles, by name."""
    rows = select(Consultant).join(Person).where(Consultant.published)
    return rows.where(Consultant.roles.contains(sorted(roles))).order_by(Person.name, Consultant.id)


def with_slug(slug: str) -> Consultant | None:
    return session.scalar(published().where(Consultant.slug == slug))


def listed(consultants: Sequence[Consultant]) -> list[Listed]:
    """Their free days and next open time: five queries, however many they are."""
    free, read = free_days(consultants), _calendars(consultants)
    return [
        Listed(who, free[who.id], read[who.id].next_slot(clock.now(), KICKOFF_MINUTES))
        for who in consultants
    ]


def who_can_start(offering: Offering, month: date | None = None) -> list[Listed]:
    """Those with the roles, the days and an open kick-off (in that month), soonest first."""
    able = session.scalars(published(offering.roles_needed)).unique().all()
    free, read = free_days(able), _calendars(able)
    found = []
    for who in able:
        starts = _kickoffs(offering, who, free[who.id], read[who.id])
        first = next((start for start in starts if not month or _month(start, who) == month), None)
        if first:
            found.append(Listed(who, free[who.id], first))
    return sorted(found, key=lambda row: (row.next_open, row.consultant.name))


def kickoffs(offering: Offering, consultant: Consultant, own: Hold | None = None) -> list[datetime]:
    """Every kick-off on offer, in UTC; what the visitor holds already (`own`) stays on the list."""
    own_id = own.id if own else None
    free = free_days([consultant], own_id)[consultant.id]
    read = _calendars([consultant], own_id)[consultant.id]
    return list(_kickoffs(offering, consultant, free, read))


def moves(booking: Booking) -> list[datetime]:
    """Every other time on offer for a meeting, in UTC, at which all its consultants are free."""
    now, minutes = clock.now(), booking.span.minutes
    ids = [who.id for who in booking.consultants]
    read = calendars(ids, now, now + FARTHEST, besides_booking=booking.id)
    first, *others = (read[who] for who in ids)
    return [
        start
        for start in first.all_slots(minutes)
        if start != booking.starts_at and all(other.free(start, minutes) for other in others)
    ]


def outside_hours(consultant: Consultant) -> list[Booking]:
    """Meetings ahead that stand although the consultant is not at work then by now."""
    rows = (
        select(Booking)
        .join(Claim, Claim.booking_id == Booking.id)
        .where(Claim.consultant_id == consultant.id, Claim.active)
        .where(Booking.state == "booked", Booking.starts_at > clock.now())
        .order_by(Booking.starts_at)
    )
    hours = calendar_of(consultant).untaken
    return [row for row in session.scalars(rows) if not hours.free(row.starts_at, row.span.minutes)]


def overrides_of(consultant: Consultant) -> list[DateOverride]:
    """The dates with hours of their own, from today on, in order."""
    today = clock.now().astimezone(ZoneInfo(consultant.time_zone)).date()
    own = select(DateOverride).where(DateOverride.consultant_id == consultant.id)
    return list(session.scalars(own.where(DateOverride.on >= today).order_by(DateOverride.on)))


def _kickoffs(
    offering: Offering, who: Consultant, free: Free, calendar: Calendar
) -> Iterable[datetime]:
    needed = offering.days_per_month
    for start in calendar.each_slot(KICKOFF_MINUTES):
        months = months_needed(offering, start, who.time_zone)
        if all(free.get(month, who.days_per_month) >= needed for month in months):
            yield start


def _month(start: datetime, who: Consultant) -> date:
    return start.astimezone(ZoneInfo(who.time_zone)).date().replace(day=1)


def calendar_of(consultant: Consultant) -> Calendar:
    return _calendars([consultant])[consultant.id]


def _calendars(
    consultants: Sequence[Consultant], own: uuid.UUID | None = None
) -> dict[uuid.UUID, Calendar]:
    now = clock.now()
    ids = [who.id for who in consultants]
    return calendars(ids, now, now + FARTHEST, besides_hold=own)


def free_days(
    consultants: Sequence[Consultant], own: uuid.UUID | None = None
) -> dict[uuid.UUID, Free]:
    """Days left of the months ahead, in one query; what lapsed, or is the viewer's own, is free."""
    months = months_from(clock.now().astimezone(UTC).date(), MONTHS_AHEAD)
    used = {(who, month): days for who, month, days in session.execute(_used(consultants, own))}
    return {
        who.id: {
            month: max(0, who.days_per_month - used.get((who.id, month), 0)) for month in months
        }
        for who in consultants
    }


def _used(consultants: Sequence[Consultant], own: uuid.UUID | None) -> Select[uuid.UUID, date, int]:
    ids = [who.id for who in consultants]
    lapsed = (
        select(
            CapacityUse.consultant_id, CapacityUse.month, func.sum(CapacityUse.days).label("days")
        )
        .join(Hold, Hold.id == CapacityUse.hold_id)
        .where(CapacityUse.consultant_id.in_(ids), Hold.state == "held")
        .where(or_(Hold.expires_at <= clock.now(), Hold.id == own))
        .group_by(CapacityUse.consultant_id, CapacityUse.month)
        .subquery()
    )
    same = and_(
        lapsed.c.consultant_id == CapacityMonth.consultant_id, lapsed.c.month == CapacityMonth.month
    )
    taken = CapacityMonth.used_days - func.coalesce(lapsed.c.days, 0)
    rows = select(CapacityMonth.consultant_id, CapacityMonth.month, taken)
    return rows.outerjoin(lapsed, same).where(CapacityMonth.consultant_id.in_(ids))
