"""Who comes to a meeting, and for which side."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.accounts.models import Person
from webapp.db import Base, Identified

if TYPE_CHECKING:
    from webapp.booking.models.meeting import Booking

SIDES = ("client", "consultant")


class Attendee(Identified, Base):
    """side: 'client' or 'consultant'; the organizer is the firm."""

    __tablename__ = "attendee"

    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    side: Mapped[str]
    booking: Mapped[Booking] = relationship(back_populates="attendees")
    person: Mapped[Person] = relationship(lazy="joined")

    __table_args__ = (
        UniqueConstraint("booking_id", "person_id"),
        CheckConstraint(f"side IN {SIDES}", name="side"),
    )
