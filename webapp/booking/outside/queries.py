"""Reads over outside calendars and what they take; for their own consultant's eyes alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, select

from webapp import clock
from webapp.accounts.models import Person
from webapp.booking.outside.busy import is_stale
from webapp.booking.outside.models import OutsideBusy, OutsideCalendar
from webapp.booking.outside.waiting import left_alone_until
from webapp.booking.outside.window import READ_EVERY, believed
from webapp.catalog.models import Consultant
from webapp.db import session


@dataclass(frozen=True)
class Connected:
    """A calendar as its list shows it. taken: how many busy times it has ahead."""

    calendar: OutsideCalendar
    taken: int

    @property
    def stale(self) -> bool:
        return self.calendar.reads and not believed(self.calendar)

    @property
    def next_read_at(self) -> datetime | None:
        """About when; None where it is read no more."""
        if not self.calendar.reads:
            return None
        tried = self.calendar.tried_at
        wished = [tried + READ_EVERY if tried else None, left_alone_until(self.calendar)]
        return max([clock.now(), *filter(None, wished)])


class TakenElsewhere(NamedTuple):
    """name: of the calendar; what is in it we do not know."""

    name: str
    starts_at: datetime
    ends_at: datetime


def connected(consultant: Consultant) -> list[Connected]:
    """Their calendars by name, in two queries; of accounts those that are read."""
    counts = dict(iter(session.execute(_counts(consultant.id))))
    own = select(OutsideCalendar).where(OutsideCalendar.consultant_id == consultant.id)
    used = own.where(OutsideCalendar.reads | (OutsideCalendar.kind == "ics"))
    rows = session.scalars(used.order_by(OutsideCalendar.name, OutsideCalendar.id))
    return [Connected(row, counts.get(row.id, 0)) for row in rows]


def unread(consultant: Consultant) -> list[OutsideCalendar]:
    """Calendars that are not believed any more: while there is one, nothing is on offer."""
    own = select(OutsideCalendar).where(OutsideCalendar.consultant_id == consultant.id, is_stale())
    return list(session.scalars(own.order_by(OutsideCalendar.name)))


def unread_by(person: Person) -> list[OutsideCalendar]:
    """Likewise for whoever is signed in; nobody but a consultant has any."""
    own = select(OutsideCalendar).join(Consultant).where(Consultant.person_id == person.id)
    return list(session.scalars(own.where(is_stale()).order_by(OutsideCalendar.name)))


def taken_elsewhere(
    consultant: Consultant, first: datetime, last: datetime
) -> list[TakenElsewhere]:
    """What outside calendars take of [first, last), in order."""
    rows = (
        select(OutsideCalendar.name, OutsideBusy.starts_at, OutsideBusy.ends_at)
        .join(OutsideCalendar, OutsideCalendar.id == OutsideBusy.calendar_id)
        .where(OutsideBusy.consultant_id == consultant.id, OutsideCalendar.reads)
        .where(OutsideBusy.starts_at < last, OutsideBusy.ends_at > first)
        .order_by(OutsideBusy.starts_at, OutsideBusy.ends_at, OutsideCalendar.name)
    )
    return [TakenElsewhere(*row) for row in session.execute(rows)]


def _counts(consultant_id: uuid.UUID) -> Select[uuid.UUID, int]:
    ahead = OutsideBusy.consultant_id == consultant_id, OutsideBusy.ends_at > clock.now()
    counted = select(OutsideBusy.calendar_id, func.count()).where(*ahead)
    return counted.group_by(OutsideBusy.calendar_id)
