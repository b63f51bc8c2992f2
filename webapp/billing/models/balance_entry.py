"""The mirror of a client's credit balance at Stripe, entry by entry."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp.billing.objects.customer import StripeEntry
from webapp.db import Base, Identified, Minor, session
from webapp.money import Money


class BalanceEntry(Identified, Base):
    """credit_minor: what it adds to the client's credit (negative: takes of it). kind: Stripe's.

    stripe_invoice: the invoice that took it; stripe_note: the credit note that gave it; refund: the
    key of our refund that it was taken off for (or put back, since that one failed). What was
    written there is never changed by Stripe.
    """

    __tablename__ = "balance_entry"

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stripe_customer.id"), index=True)
    stripe_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    credit_minor: Mapped[Minor]
    currency: Mapped[str]
    stripe_invoice: Mapped[str]
    stripe_note: Mapped[str]
    refund: Mapped[str] = mapped_column(default="")
    number: Mapped[int]
    made_at: Mapped[datetime]

    @property
    def credit(self) -> Money:
        return Money(self.credit_minor, self.currency)

    @classmethod
    def of(cls, customer_id: uuid.UUID, currency: str) -> list[BalanceEntry]:
        """The oldest first."""
        rows = select(cls).where(cls.customer_id == customer_id, cls.currency == currency)
        return list(session.scalars(rows.order_by(cls.number)))

    @classmethod
    def known(cls, customer_id: uuid.UUID) -> set[str]:
        rows = select(cls.stripe_id).where(cls.customer_id == customer_id)
        return set(session.scalars(rows))

    @classmethod
    def keep(cls, customer_id: uuid.UUID, found: StripeEntry, number: int) -> None:
        """number: its place among the customer's, since several are made within a second."""
        row = insert(cls).values(
            customer_id=customer_id, stripe_id=found.id, kind=found.kind, number=number,
            credit_minor=found.credit.minor, currency=found.credit.currency,
            stripe_invoice=found.invoice, stripe_note=found.credit_note, made_at=found.made_at,
            refund=found.metadata.get("refund", ""),
        )  # fmt: skip
        session.execute(row.on_conflict_do_nothing(index_elements=["stripe_id"]))
