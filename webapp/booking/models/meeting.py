"""Booked meetings and who attends them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.accounts.models import Person
from webapp.db import Base, Identified

KINDS = ("kickoff", "review")
STATES = ("booked", "held", "missed", "cancelled")


class Booking(Identified, Base):
    """A meeting of an engagement. uid and sequence are its identity in calendars (RFC 5545).

    time_zone: the client's, in which it was agreed. A moved booking keeps its row and uid.
    """

    __tablename__ = "booking"

    kind: Mapped[str]
    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    title: Mapped[str]
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    time_zone: Mapped[str]
    place: Mapped[str]
    state: Mapped[str] = mapped_column(default="booked")
    uid: Mapped[str] = mapped_column(unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    attendees: Mapped[list[Attendee]] = relationship(
        back_populates="booking", cascade="all, delete-orphan", lazy="selectin"
    )

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"state IN {STATES}", name="state"),
    )


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
        CheckConstraint("side IN ('client', 'consultant')", name="side"),
    )
