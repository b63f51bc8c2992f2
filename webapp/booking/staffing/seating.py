"""Reads who could sit where: everybody able to fill an offering, or a chosen team."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp import clock
from webapp.accounts.models import Person
from webapp.booking.models.hold import Hold
from webapp.booking.models.open_times import Calendar, calendars
from webapp.booking.models.seat import PAIR, Team, shares
from webapp.booking.staffing.bench import Bench, Candidate
from webapp.booking.staffing.free_days import Free, free_days
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

FARTHEST = timedelta(days=400)

Seat = Callable[[Consultant, int], Candidate]


def bench(offering: Offering, own: Hold | None = None) -> Bench:
    """Everybody published who has a role of the offering, in a constant number of queries.

    What the visitor holds already (`own`) counts as free.
    """
    rows = select(Consultant).where(Consultant.published)
    rows = rows.where(Consultant.roles.overlap(sorted(offering.roles_needed)))
    # Nothing here asks what they may do; with a thousand people that would be queries of its own.
    names = joinedload(Consultant.person).lazyload(Person.memberships)
    everybody = session.scalars(rows.order_by(Consultant.id).options(names)).unique().all()
    seat = _seats(offering, everybody, own)
    solo = [seat(who, offering.days_per_month) for who in everybody if who.can_fill(offering)]
    if offering.role != "both":
        return Bench(solo)
    leads, partners = (
        [seat(who, days) for who in everybody if role in who.roles]
        for role, days in zip(PAIR, shares(offering, len(PAIR)), strict=True)
    )
    return Bench(solo, leads, partners)


def party(offering: Offering, team: Team, own: Hold | None = None) -> list[Candidate]:
    """A chosen team, the lead first."""
    seat = _seats(offering, team, own)
    return [seat(who, days) for who, days in zip(team, shares(offering, len(team)), strict=True)]


def seats_on(
    offerings: Iterable[Offering], who: Consultant, free: Free, calendar: Calendar
) -> list[Candidate]:
    """Each seat of the offerings that one person could take: a whole one, or one of two."""
    offered: dict[tuple[datetime, datetime], list[datetime]] = {}
    return [
        Candidate(offering, who, days, free, calendar, offered)
        for offering in offerings
        for days in _days_of_seats(offering, who)
    ]


def _days_of_seats(offering: Offering, who: Consultant) -> list[int]:
    whole = [offering.days_per_month] if who.can_fill(offering) else []
    if offering.role != "both":
        return whole
    halves = zip(PAIR, shares(offering, len(PAIR)), strict=True)
    return whole + [days for role, days in halves if role in who.roles]


def calendars_ahead(
    consultants: Sequence[Consultant], own: uuid.UUID | None = None
) -> dict[uuid.UUID, Calendar]:
    """Their calendars from now on; what is held as `own` is left out."""
    now = clock.now()
    ids = [who.id for who in consultants]
    return calendars(ids, now, now + FARTHEST, besides_hold=own)


def _seats(offering: Offering, consultants: Sequence[Consultant], own: Hold | None) -> Seat:
    own_id = own.id if own else None
    free, read = free_days(consultants, own_id), calendars_ahead(consultants, own_id)
    offered: dict[uuid.UUID, dict[tuple[datetime, datetime], list[datetime]]] = defaultdict(dict)
    return lambda who, days: Candidate(
        offering, who, days, free[who.id], read[who.id], offered[who.id]
    )
