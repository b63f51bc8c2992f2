"""The pulse: one question to the sponsor, answered 1 to 5 from a signed link."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.db import Base, Identified

CALL_BELOW = 4


class PulseAnswer(Identified, Base):
    """asked_on: the local date of the question, its identity; a later answer replaces the first."""

    __tablename__ = "pulse_answer"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    asked_on: Mapped[date]
    score: Mapped[int]
    answered_at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        UniqueConstraint("engagement_id", "asked_on"),
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    )


class FollowUp(Identified, Base):
    """Something the coordinator shall look into by a date; unique (engagement, cause)."""

    __tablename__ = "follow_up"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    cause: Mapped[str]
    text: Mapped[str]
    due_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    done_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("engagement_id", "cause"),)
