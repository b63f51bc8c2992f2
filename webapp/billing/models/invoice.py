"""The mirror of an invoice. Amounts in minor units of `currency`."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.billing.models.mirror import Mirrored
from webapp.db import Base, Identified
from webapp.engagements.models import Engagement
from webapp.money import Money


class Invoice(Identified, Mirrored, Base):
    """status as Stripe has it: draft, open, paid, void, uncollectible.

    lines: [{"text", "minor", "starts", "ends"}]; attempts: how often a payment was tried.
    """

    __tablename__ = "invoice"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    number: Mapped[str] = mapped_column(default="")
    status: Mapped[str]
    billing_reason: Mapped[str] = mapped_column(default="")
    currency: Mapped[str]
    total_minor: Mapped[int]
    paid_minor: Mapped[int]
    due_minor: Mapped[int]
    attempts: Mapped[int] = mapped_column(default=0)
    lines: Mapped[list[Any]]
    hosted_url: Mapped[str] = mapped_column(default="")
    pdf_url: Mapped[str] = mapped_column(default="")
    issued_at: Mapped[datetime] = mapped_column(index=True)
    paid_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    engagement: Mapped[Engagement] = relationship()

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def paid(self) -> Money:
        return Money(self.paid_minor, self.currency)
