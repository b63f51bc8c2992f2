"""What is booked at times at which the consultant, as things stand, is not at work."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from webapp import clock
from webapp.booking.models import Booking, Claim
from webapp.booking.models.claim import Span
from webapp.booking.models.open_times import calendars
from webapp.catalog.models import Consultant
from webapp.db import session


@dataclass(frozen=True)
class Collision:
    """booking: None while somebody still holds the time and has not confirmed it."""

    claim_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    booking: Booking | None


def collisions(consultant: Consultant) -> list[Collision]:
    """What is ahead and lies outside the hours, in order of time."""
    ahead = _ahead(consultant)
    if not ahead:
        return []
    hours = calendars([consultant.id], ahead[0].starts_at, ahead[-1].ends_at)[consultant.id].untaken
    return [row for row in ahead if not hours.free(row.starts_at, _minutes(row))]


def meetings_of(found: Iterable[Collision]) -> list[Booking]:
    return [row.booking for row in found if row.booking]


def _ahead(consultant: Consultant) -> list[Collision]:
    now = clock.now()
    rows = (
        select(Claim.id, Claim.starts_at, Claim.ends_at, Booking)
        .outerjoin(Booking, Booking.id == Claim.booking_id)
        .where(Claim.consultant_id == consultant.id, Claim.active, Claim.starts_at > now)
        .where(or_(Claim.expires_at.is_(None), Claim.expires_at > now), Claim.kind != "block")
        .where(or_(Claim.booking_id.is_(None), Booking.state == "booked"))
        .order_by(Claim.starts_at)
    )
    return [Collision(*row) for row in session.execute(rows)]


def _minutes(row: Collision) -> int:
    return Span(row.starts_at, row.ends_at).minutes
