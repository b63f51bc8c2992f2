"""Onboarding steps: what the client and the consultant do before the work is under way."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base, Identified


class OnboardingStep(Identified, Base):
    """owner: whose step it is, 'client' or 'consultant'."""

    __tablename__ = "onboarding_step"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    key: Mapped[str]
    title: Mapped[str]
    owner: Mapped[str]
    due_on: Mapped[date]
    position: Mapped[int]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))

    __table_args__ = (
        UniqueConstraint("engagement_id", "key"),
        CheckConstraint("owner IN ('client', 'consultant')", name="owner"),
    )
