"""Money given back: the intent with its key, then the mirror of Stripe's refund."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.billing.models.invoice import Invoice
from webapp.db import Base, Identified
from webapp.money import Money

STATES = ("intended", "pending", "succeeded", "failed")


class Refund(Identified, Base):
    __tablename__ = "refund"

    invoice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invoice.id"), index=True)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default="intended")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    invoice: Mapped[Invoice] = relationship()

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint(f"state IN {STATES}", name="state"),
    )

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
