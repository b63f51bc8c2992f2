"""Who works on an engagement, and the record of its stages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
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
    share_percent: their part of what the client pays for the work, set by the firm.
    """

    __tablename__ = "assignment"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    leads: Mapped[bool] = mapped_column(default=True)
    role: Mapped[str | None]
    share_percent: Mapped[int] = mapped_column(default=0, server_default="0")
    engagement: Mapped[Engagement] = relationship(back_populates="assignments")
    consultant: Mapped[Consultant] = relationship()

    __table_args__ = (
        UniqueConstraint("engagement_id", "consultant_id"),
        CheckConstraint(f"role IN {ROLES}", name="role"),
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="share_percent"),
    )

    @classmethod
    def each_of(cls, hold: Hold) -> list[Assignment]:
        """One for each seat of a hold."""
        lead, shares = hold.consultant_id, usual_shares([seat.consultant for seat in hold.seats])
        return [
            cls(consultant=seat.consultant, role=seat.role, leads=seat.consultant_id == lead,
                share_percent=share)
            for seat, share in zip(hold.seats, shares, strict=True)
        ]  # fmt: skip


def usual_shares(team: Sequence[Consultant]) -> list[int]:
    """The percentage each usually has; scaled down where a team's would pass a hundred."""
    usual = [consultant.share_percent for consultant in team]
    whole = sum(usual)
    return usual if whole <= 100 else [share * 100 // whole for share in usual]


class StageChange(Identified, Base):
    """Append-only: every step of the engagement's stage, by whom and why."""

    __tablename__ = "stage_change"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    from_stage: Mapped[str]
    to_stage: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
