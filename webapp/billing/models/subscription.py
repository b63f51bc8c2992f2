"""The mirror of a retainer's subscription."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.billing.models.mirror import Mirrored
from webapp.db import Base, Identified
from webapp.engagements.models import Engagement


class Subscription(Identified, Mirrored, Base):
    """status as Stripe has it; renews_at: the next period's start, None once it is over."""

    __tablename__ = "stripe_subscription"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), unique=True)
    status: Mapped[str]
    renews_at: Mapped[datetime | None]
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]
    engagement: Mapped[Engagement] = relationship()
