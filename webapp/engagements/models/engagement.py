"""The engagement: one company, one offering, its consultants, and the stage it is in."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Select, UniqueConstraint, or_, select
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.accounts.models import Company, Person
from webapp.booking.models import Hold
from webapp.catalog.models import Consultant, Offering
from webapp.db import Base, Identified

STAGES = (
    "enquiry", "intro_call", "proposal", "signed", "onboarding", "active",
    "paused", "ending", "ended", "parked", "lost",
)  # fmt: skip


class Engagement(Identified, Base):
    """draft: what a visitor typed before the agreement made it a company and a person.

    company_id and sponsor_id are set by the agreement; kick_off_on is the local date, in
    time_zone, on which period 1 starts.
    """

    __tablename__ = "engagement"

    stage: Mapped[str] = mapped_column(default="enquiry", index=True)
    offering_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offering.id"))
    hold_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hold.id"), unique=True)
    company_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("company.id"), index=True)
    sponsor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    booked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    draft: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB()), default=dict)
    time_zone: Mapped[str]
    kick_off_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    signed_at: Mapped[datetime | None]
    ends_on: Mapped[date | None]
    offering: Mapped[Offering] = relationship()
    hold: Mapped[Hold] = relationship()
    company: Mapped[Company | None] = relationship()
    sponsor: Mapped[Person | None] = relationship(foreign_keys=[sponsor_id])
    booked_by: Mapped[Person | None] = relationship(foreign_keys=[booked_by_id])
    assignments: Mapped[list[Assignment]] = relationship(back_populates="engagement")

    __table_args__ = (
        CheckConstraint(f"stage IN {STAGES}", name="stage"),
        CheckConstraint(
            "stage IN ('enquiry', 'intro_call', 'proposal', 'parked', 'lost')"
            " OR (company_id IS NOT NULL AND sponsor_id IS NOT NULL)",
            name="signed_has_parties",
        ),
    )

    @classmethod
    def visible_to(cls, person: Person) -> Select[tuple[Engagement]]:
        """The engagements a person may see: the firm all, others the ones they are a party to."""
        if person.in_firm:
            return select(cls)
        assigned = select(Assignment.engagement_id).join(Consultant)
        return select(cls).where(
            or_(
                cls.company_id.in_(person.company_ids),
                cls.id.in_(assigned.where(Consultant.person_id == person.id)),
            )
        )


class Assignment(Identified, Base):
    """A consultant on an engagement; exactly one of them leads."""

    __tablename__ = "assignment"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    leads: Mapped[bool] = mapped_column(default=True)
    engagement: Mapped[Engagement] = relationship(back_populates="assignments")
    consultant: Mapped[Consultant] = relationship()

    __table_args__ = (UniqueConstraint("engagement_id", "consultant_id"),)


class StageChange(Identified, Base):
    """Append-only: every step of the engagement's stage, by whom and why."""

    __tablename__ = "stage_change"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    from_stage: Mapped[str]
    to_stage: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
