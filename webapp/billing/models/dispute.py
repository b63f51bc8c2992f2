"""A payment that the client's bank contests: Stripe has taken the money until it is decided."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.models.invoice import Invoice
from webapp.billing.models.mirror import Mirrored
from webapp.billing.models.payment import Payment
from webapp.billing.objects.dispute import StripeDispute
from webapp.db import Base, Identified, Minor, session
from webapp.money import Money

# Stripe's own: https://docs.stripe.com/api/disputes/object#dispute_object-status
OVER = frozenset({"won", "lost", "warning_closed", "prevented"})


class Dispute(Identified, Mirrored, Base):
    """status as Stripe has it. fee_minor: what Stripe charged us for it, in our own currency there.

    closed_at is when we learnt that it was over.
    """

    __tablename__ = "dispute"

    payment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payment.id"), index=True)
    status: Mapped[str]
    reason: Mapped[str]
    amount_minor: Mapped[Minor]
    currency: Mapped[str]
    fee_minor: Mapped[Minor] = mapped_column(default=0)
    fee_currency: Mapped[str] = mapped_column(default="")
    evidence_due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    payment: Mapped[Payment] = relationship()

    @classmethod
    def of(cls, invoice: Invoice) -> list[Dispute]:
        rows = select(cls).join(Payment).where(Payment.invoice_id == invoice.id)
        return list(session.scalars(rows.order_by(cls.opened_at, cls.id)))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.fee_currency or self.currency)

    @property
    def invoice(self) -> Invoice:
        return self.payment.invoice

    @property
    def open(self) -> bool:
        return self.status not in OVER

    @property
    def inquiry(self) -> bool:
        """The bank asks only; no money has moved."""
        return self.status.startswith("warning_")

    @property
    def lost(self) -> bool:
        return self.status == "lost"

    @property
    def dashboard_url(self) -> str:
        """Where evidence is handed in: Stripe takes it in its dashboard."""
        mode = "" if self.livemode else "test/"
        return f"https://dashboard.stripe.com/{mode}disputes/{self.stripe_id}"

    @classmethod
    def mirror(cls, payment: Payment, found: StripeDispute) -> Dispute:
        known = session.scalar(select(cls).where(cls.stripe_id == found.id))
        dispute = known or cls(payment=payment, status="")
        dispute.take(found)
        return dispute

    def take(self, found: StripeDispute) -> None:
        """Be what Stripe says now; opening and closing are each told once."""
        before = self.status
        self._copy(found)
        session.add(self)
        session.flush()
        if not before:
            audit.record("dispute.opened", self, invoice=str(self.payment.invoice_id))
            outbox.enqueue("billing.tell_dispute_opened", self.id)
        if not self.open and (not before or before not in OVER):
            self.closed_at = clock.now()
            audit.record("dispute.closed", self, status=self.status)
            outbox.enqueue("billing.tell_dispute_closed", self.id)

    def _copy(self, found: StripeDispute) -> None:
        self.stripe_id, self.status, self.reason = found.id, found.status, found.reason
        self.amount_minor, self.currency = found.amount.minor, found.amount.currency
        self.fee_minor = found.fee.minor if found.fee else 0
        self.fee_currency = found.fee.currency if found.fee else ""
        self.evidence_due_at, self.opened_at = found.evidence_due_at, found.opened_at
        self.livemode, self.synced_at = found.livemode, clock.now()
