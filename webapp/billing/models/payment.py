"""A charge that paid an invoice: what came in, what Stripe kept of it, and what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.billing.models.invoice import Invoice
from webapp.billing.models.mirror import Mirrored
from webapp.billing.objects.charge import StripeCharge
from webapp.db import Base, Identified, Minor, session
from webapp.money import Money


class Payment(Identified, Mirrored, Base):
    """stripe_id: the charge. method: Stripe's kind ('card', 'sepa_debit', 'us_bank_account' …).

    fee_minor and net_minor are Stripe's, in `settled_currency`; all three are unknown (None, '')
    until Stripe has booked the charge. refunded_minor counts whatever Stripe gave back of it.
    """

    __tablename__ = "payment"

    invoice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invoice.id"), index=True)
    payment_intent: Mapped[str] = mapped_column(index=True)
    method: Mapped[str]
    last4: Mapped[str] = mapped_column(default="")
    amount_minor: Mapped[Minor]
    currency: Mapped[str]
    fee_minor: Mapped[Minor | None]
    net_minor: Mapped[Minor | None]
    settled_currency: Mapped[str] = mapped_column(default="")
    refunded_minor: Mapped[Minor] = mapped_column(default=0)
    disputed: Mapped[bool] = mapped_column(default=False)
    paid_at: Mapped[datetime] = mapped_column(index=True)
    invoice: Mapped[Invoice] = relationship()

    @classmethod
    def known(cls, charge: str) -> Payment | None:
        return session.scalar(select(cls).where(cls.stripe_id == charge))

    @classmethod
    def of(cls, invoice: Invoice) -> list[Payment]:
        """What paid an invoice, the largest first."""
        rows = select(cls).where(cls.invoice_id == invoice.id)
        return list(session.scalars(rows.order_by(cls.amount_minor.desc(), cls.id)))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money | None:
        """What Stripe kept; None until it is known."""
        known = self.fee_minor is not None
        return Money(self.fee_minor or 0, self.settled_currency) if known else None

    @property
    def settled_alike(self) -> bool:
        """Whether Stripe booked it in the currency it was paid in."""
        return self.settled_currency == self.currency

    def take(self, found: StripeCharge) -> None:
        self.stripe_id, self.payment_intent = found.id, found.payment_intent or ""
        self.method, self.last4 = found.method, found.last4
        self.amount_minor, self.currency = found.amount.minor, found.amount.currency
        if found.booked:
            self.fee_minor, self.net_minor = found.booked.fee.minor, found.booked.net.minor
            self.settled_currency = found.booked.net.currency
        self.refunded_minor, self.disputed = found.refunded.minor, found.disputed
        self.paid_at, self.livemode, self.synced_at = found.made_at, found.livemode, clock.now()
