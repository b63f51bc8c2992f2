"""Seats: who is held for an offering, in which role, and how many days a month of each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.booking.models.capacity import CapacityUse, months_needed
from webapp.catalog.models import ROLES, Consultant, Offering
from webapp.db import Base, Identified

Team = Sequence[Consultant]
PAIR = ("coo", "integrator")


class HoldSeat(Identified, Base):
    """One consultant of a hold. role: what they fill; days: their share of each month."""

    __tablename__ = "hold_seat"

    hold_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hold.id"), index=True)
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    role: Mapped[str]
    days: Mapped[int]
    consultant: Mapped[Consultant] = relationship(lazy="joined")

    __table_args__ = (
        UniqueConstraint("hold_id", "consultant_id"),
        CheckConstraint(f"role IN {ROLES}", name="role"),
        CheckConstraint("days >= 0", name="days"),
    )

    def months(self, offering: Offering, starts_at: datetime) -> list[date]:
        """The calendar months, by this consultant's calendar, in which the days are needed."""
        return months_needed(offering, starts_at, self.consultant.time_zone)

    def take(self, months: Sequence[date], limit: int | None = None) -> None:
        """Take the days of these months; past what the consultant has (or `limit`), NoCapacity."""
        most = self.consultant.days_per_month if limit is None else limit
        CapacityUse.take(self.hold_id, self.consultant_id, months, self.days, most)


def as_team(consultants: Consultant | Team) -> list[Consultant]:
    return [consultants] if isinstance(consultants, Consultant) else list(consultants)


def can_fill(offering: Offering, team: Team) -> bool:
    """One who holds every role asked for, or a COO and an Integrator for an offering of both."""
    if len(team) == 1:
        return team[0].can_fill(offering)
    if offering.role != "both" or len(team) != len(PAIR) or team[0].id == team[1].id:
        return False
    return all(role in who.roles for role, who in zip(PAIR, team, strict=True))


def shares(offering: Offering, count: int) -> list[int]:
    """The days a month of each of so many, the lead's first; an odd day is the lead's."""
    return split_days(offering.days_per_month, count)


def split_days(days: int, count: int) -> list[int]:
    """As even as whole days are; an odd day is the first one's."""
    even, odd = divmod(days, count)
    return [even + (number < odd) for number in range(count)]


def seats_of(offering: Offering, team: Team, hold_id: uuid.UUID | None = None) -> list[HoldSeat]:
    """The team's seats, the lead's first."""
    roles = PAIR if len(team) > 1 else (offering.role,)
    return [
        HoldSeat(hold_id=hold_id, consultant_id=who.id, consultant=who, role=role, days=days)
        for who, role, days in zip(team, roles, shares(offering, len(team)), strict=True)
    ]
