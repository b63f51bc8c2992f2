"""An invoice of our own making: the items that are billed together, apart from any renewal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.db import Base, Identified, session
from webapp.engagements.models import Engagement

if TYPE_CHECKING:
    from webapp.billing.models.invoice_item import InvoiceItem

STATES = ("intended", "issued", "void")


class Bill(Identified, Base):
    """States: intended (Stripe may or may not have heard), issued (final there, stripe_id known),
    void (a renewal took all its items first).

    attempt and attempted_at: the present idempotency key 'bill:<id>:<attempt>', and since when.
    """

    __tablename__ = "bill"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default="intended")
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    attempt: Mapped[int] = mapped_column(default=0)
    attempted_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship()
    items: Mapped[list[InvoiceItem]] = relationship(order_by="InvoiceItem.id")

    __table_args__ = (CheckConstraint(f"state IN {STATES}", name="state"),)

    @classmethod
    def intend(cls, engagement: Engagement, items: Sequence[InvoiceItem], reason: str) -> Bill:
        """Take these items together; a job makes the invoice, unless a person waits for it."""
        bill = cls(engagement_id=engagement.id, reason=reason, items=list(items))
        session.add(bill)
        session.flush()
        audit.record("bill.intended", bill, engagement=str(engagement.id), reason=reason)
        outbox.enqueue("billing.make_bill", bill.id)
        return bill

    @classmethod
    def unmade(cls, engagement: Engagement) -> list[Bill]:
        waiting = select(cls).where(cls.engagement_id == engagement.id, cls.state == "intended")
        return list(session.scalars(waiting.order_by(cls.id)))

    @property
    def call_key(self) -> str:
        return f"bill:{self.id}:{self.attempt}"

    def next_attempt(self) -> None:
        self.attempt, self.attempted_at = self.attempt + 1, clock.now()

    def issued(self, stripe_id: str) -> None:
        self.state, self.stripe_id = "issued", stripe_id
