"""The monthly review: its series and one row a month."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.booking.models import Booking
from webapp.db import Base, Identified
from webapp.engagements.models import Engagement

STATES = ("due", "booked", "held", "missed", "cancelled")


class ReviewSeries(Identified, Base):
    """rule: reviews.rule.Rule as a dict (with local time and zone); minutes: length of a review."""

    __tablename__ = "review_series"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), unique=True)
    rule: Mapped[dict[str, Any]]
    minutes: Mapped[int] = mapped_column(default=60)
    first_month: Mapped[date]
    last_month: Mapped[date | None]
    engagement: Mapped[Engagement] = relationship()


class Review(Identified, Base):
    """One per engagement and month, whatever is killed, restarted or run twice.

    due_on: the date the rule gives; note: what a person must know when it could not be placed.
    """

    __tablename__ = "review"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    month: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(default="due")
    booking_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("booking.id"), unique=True)
    summary: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    held_at: Mapped[datetime | None]
    engagement: Mapped[Engagement] = relationship()
    booking: Mapped[Booking | None] = relationship()

    __table_args__ = (
        UniqueConstraint("engagement_id", "month"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("extract(day from month) = 1", name="month"),
    )
