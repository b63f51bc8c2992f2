"""Who works on an engagement, and the record of its stages."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.booking.models import Hold
from webapp.catalog.models import ROLES, Consultant
from webapp.db import Base, Identified

if TYPE_CHECKING:
    from webapp.engagements.models.engagement import Engagement


class Assignment(Identified, Base):
    """A consultant on an engagement; exactly one of them leads.

    role: what they fill; None where it is the engagement's own, as before there were teams.
    """

    __tablename__ = "assignment"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    leads: Mapped[bool] = mapped_column(default=True)
    role: Mapped[str | None]
    engagement: Mapped[Engagement] = relationship(back_populates="assignments")
    consultant: Mapped[Consultant] = relationship()

    __table_args__ = (
        UniqueConstraint("engagement_id", "consultant_id"),
        CheckConstraint(f"role IN {ROLES}", name="role"),
    )

    @classmethod
    def each_of(cls, hold: Hold) -> list[Assignment]:
        """One for each seat of a hold."""
        lead = hold.consultant_id
        return [
            cls(consultant=seat.consultant, role=seat.role, leads=seat.consultant_id == lead)
            for seat in hold.seats
        ]


class StageChange(Identified, Base):
    """Append-only: every step of the engagement's stage, by whom and why."""

    __tablename__ = "stage_change"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    from_stage: Mapped[str]
    to_stage: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
