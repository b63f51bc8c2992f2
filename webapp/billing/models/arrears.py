"""What a coordinator decided about an engagement whose invoice stays unpaid."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock
from webapp.billing.models.invoice import Invoice
from webapp.db import Base, Identified, session

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
