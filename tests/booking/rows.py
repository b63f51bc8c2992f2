"""What the calendar's tables say, for tests to look at."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import select

from webapp.booking.models import Booking, CapacityMonth, Claim
from webapp.catalog.models import Consultant
from webapp.db import session


def at(day: int, hour: int, minute: int = 0, month: int = 12) -> datetime:
    """That time of December 2026, when London is on UTC; the 3rd is a Thursday."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def claims(consultant: Consultant) -> list[tuple[str, datetime]]:
    """The kind and start of each active claim, in order."""
    rows = select(Claim.kind, Claim.starts_at).where(Claim.consultant_id == consultant.id)
    return [(kind, start) for kind, start in session.execute(
        rows.where(Claim.active).order_by(Claim.starts_at)
    )]  # fmt: skip


def used(consultant: Consultant) -> dict[date, int]:
    """Days taken of each month, those with none left out."""
    rows = select(CapacityMonth.month, CapacityMonth.used_days).where(
        CapacityMonth.consultant_id == consultant.id, CapacityMonth.used_days > 0
    )
    return {row.month: row.used_days for row in session.execute(rows.order_by(CapacityMonth.month))}


def meetings_are_claimed() -> None:
    """Each booked meeting takes its own time, and no other, once of each whom the client meets."""
    for meeting in session.scalars(select(Booking).where(Booking.state == "booked")):
        rows = select(Claim).where(Claim.booking_id == meeting.id, Claim.active)
        taken = session.scalars(rows).all()
        spans = {(claim.kind, claim.starts_at, claim.ends_at) for claim in taken}
        assert spans == {("booking", meeting.starts_at, meeting.ends_at)}
        whose = [claim.consultant_id for claim in taken]
        people = {row.person_id for row in meeting.attendees if row.side == "consultant"}
        theirs = session.scalars(select(Consultant.id).where(Consultant.person_id.in_(people)))
        assert len(whose) == len(set(whose)) and set(theirs) <= set(whose)
