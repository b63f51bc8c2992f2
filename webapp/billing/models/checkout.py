"""An attempt to pay: the frozen call that opens a Stripe Checkout Session."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.db import Base, Identified
from webapp.engagements.models import Engagement

STATES = ("intended", "open", "complete", "expired")


class Checkout(Identified, Base):
    """idempotency_key is 'checkout:<engagement>:<attempt>'; params are frozen before the call."""

    __tablename__ = "checkout"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    attempt: Mapped[int]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    params: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="intended")
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    url: Mapped[str] = mapped_column(default="")
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship()

    __table_args__ = (
        UniqueConstraint("engagement_id", "attempt"),
        CheckConstraint(f"state IN {STATES}", name="state"),
    )
