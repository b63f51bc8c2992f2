"""What goes on an invoice beside the retainer: an item and its key, then Stripe's mirror."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.models.invoice import Invoice
from webapp.db import Base, Identified, Minor, session
from webapp.engagements.models import Engagement
from webapp.money import Money

STATES = ("intended", "placed", "invoiced", "void")
PENDING = ("intended", "placed")
KINDS = ("overage", "one_off", "proration", "deposit", "diagnostic")


class ItemDiffers(ValueError):
    """The same key was used for another amount: nothing is written."""


class InvoiceItem(Identified, Base):
    """key: one piece of what is owed, for good, such as 'overage:<period>' or 'resume:<pause>'.

    What is given back is a Credit: Stripe taxes no item below nothing. [starts, ends) the local
    dates it is for. quantity (in hours for overage) times unit_minor is the amount where that
    comes out whole, else neither is set.
    States: intended (Stripe may or may not have heard), placed (waits there for an invoice),
    invoiced (stands on invoice_id), void (taken back before, or its invoice was).
    attempt and attempted_at: the present idempotency key 'item:<id>:<attempt>', and since when.
    bill_id: the invoice of its own that it is meant for, if any. share: [part, whole] of the price
    of its days that a code left to be paid, [1, 1] where none did.
    """

    __tablename__ = "invoice_item"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    label: Mapped[str]
    minutes: Mapped[int | None]
    quantity: Mapped[Decimal | None]
    unit_minor: Mapped[Minor | None]
    amount_minor: Mapped[Minor]
    currency: Mapped[str]
    starts: Mapped[date | None]
    ends: Mapped[date | None]
    share: Mapped[list[Any]] = mapped_column(default=lambda: [1, 1])
    state: Mapped[str] = mapped_column(default="intended")
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    invoice_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    bill_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bill.id"), index=True)
    attempt: Mapped[int] = mapped_column(default=0)
    attempted_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship()
    invoice: Mapped[Invoice | None] = relationship()

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )

    @classmethod
    def add(
        cls,
        engagement: Engagement,
        kind: str,
        key: str,
        label: str,
        amount: Money,
        *,
        minutes: int | None = None,
        quantity: Decimal | None = None,
        unit: Money | None = None,
        starts: date | None = None,
        ends: date | None = None,
        share: tuple[int, int] = (1, 1),
    ) -> InvoiceItem:
        """Write down what is owed, once for its key; a job places it on the next invoice.
        Raises ItemDiffers for a known key with another amount.

        quantity, unit: shown on the invoice as 'quantity × unit' where that is the amount exactly.
        """
        if amount.currency != engagement.terms.currency:
            raise ValueError(f"{amount.currency} on an engagement in {engagement.terms.currency}")
        exact = unit is not None and quantity is not None and quantity * unit.minor == amount.minor
        now = clock.now()
        row = insert(cls).values(
            engagement_id=engagement.id, key=key, kind=kind, label=label[:500], minutes=minutes,
            quantity=quantity if exact else None,
            unit_minor=unit.minor if exact and unit else None,
            amount_minor=amount.minor, currency=amount.currency, starts=starts, ends=ends,
            share=list(share), state="intended", attempt=0, attempted_at=now, created_at=now,
        )  # fmt: skip
        made = session.scalar(row.on_conflict_do_nothing().returning(cls.id))
        item = session.scalars(select(cls).where(cls.key == key)).one()
        if made:
            audit.record("invoice_item.added", item, engagement=str(engagement.id), kind=kind,
                         minor=amount.minor)  # fmt: skip
            outbox.enqueue("billing.place_item", item.id)
        elif item.amount != amount or item.engagement_id != engagement.id:
            raise ItemDiffers(f"{key} stands at {item.amount.format()}")
        return item

    @classmethod
    def pending_of(cls, engagement: Engagement) -> list[InvoiceItem]:
        """What waits for an invoice, oldest first, apart from what a bill of its own has taken."""
        waiting = select(cls).where(
            cls.engagement_id == engagement.id, cls.state.in_(PENDING), cls.bill_id.is_(None)
        )
        return list(session.scalars(waiting.order_by(cls.id)))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def call_key(self) -> str:
        return f"item:{self.id}:{self.attempt}"

    @property
    def undoable(self) -> bool:
        """Whether it can still be taken back without a credit note."""
        return self.state in PENDING and self.bill_id is None

    def next_attempt(self) -> None:
        """The key is spent (a fault of Stripe's is stored with it), or the item is made anew."""
        self.attempt, self.attempted_at = self.attempt + 1, clock.now()

    def placed(self, stripe_id: str) -> None:
        self.state, self.stripe_id = "placed", stripe_id

    def stand_on(self, invoice: Invoice) -> None:
        """It is on an invoice that was issued; void with it when that was voided."""
        self.invoice_id = invoice.id
        self.state = "void" if invoice.status == "void" else "invoiced"
