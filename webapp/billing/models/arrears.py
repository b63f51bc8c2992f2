"""What a coordinator decided about an engagement whose invoice stays unpaid."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock
from webapp.billing.models.invoice import Invoice
from webapp.db import Base, Identified, session
from webapp.engagements.models import Engagement

DECISIONS = ("go_on", "pause", "end")


class ArrearsDecision(Identified, Base):
    """One row a decision, never changed: a later one counts more."""

    __tablename__ = "arrears_decision"

    invoice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invoice.id"), index=True)
    decision: Mapped[str]
    reason: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    invoice: Mapped[Invoice] = relationship()

    __table_args__ = (CheckConstraint(f"decision IN {DECISIONS}", name="decision"),)

    @classmethod
    def note(cls, invoice: Invoice, decision: str, reason: str, by: str) -> ArrearsDecision:
        made = cls(invoice_id=invoice.id, decision=decision, reason=reason[:500], by=by)
        session.add(made)
        session.flush()
        audit.record("arrears.decided", invoice, decision=decision, reason=reason[:500])
        return made

    @classmethod
    def latest_on(cls, invoice: Invoice) -> ArrearsDecision | None:
        """What counts for it, where anything was decided."""
        return cls.latest_of([invoice])

    @classmethod
    def latest_of(cls, invoices: Sequence[Invoice]) -> ArrearsDecision | None:
        """The same for several."""
        rows = select(cls).where(cls.invoice_id.in_([one.id for one in invoices]))
        return session.scalar(rows.order_by(cls.at.desc(), cls.id.desc()).limit(1))

    @classmethod
    def end_of(cls, engagement: Engagement) -> ArrearsDecision | None:
        """The decision to end the engagement for what is not paid, if that is why it ends."""
        rows = select(cls).join(cls.invoice).where(Invoice.engagement_id == engagement.id)
        ends = rows.where(cls.decision == "end").order_by(cls.at.desc(), cls.id.desc())
        return session.scalar(ends.limit(1))
