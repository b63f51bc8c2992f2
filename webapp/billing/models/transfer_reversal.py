"""What is taken back of a consultant's share, because its money went back to the client."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.db import Base, Identified, Minor
from webapp.money import Money

if TYPE_CHECKING:
    from webapp.billing.models.transfer import Transfer

STATES = ("cut", "intended", "made", "debt")


class TransferReversal(Identified, Base):
    """cause: 'refund:<id>', 'dispute:<id>', 'credit_note:<id>', or 'dashboard'.

    States: cut (taken off before anything was sent), intended (Stripe may or may not have heard),
    made (Stripe took it from the consultant's account), debt (their account did not cover it, or
    it was paid outside Stripe): settled_minor of a debt has been set off against later shares.
    'reversal:<id>:<attempt>' is the idempotency key.
    """

    AFTER_FAULT: ClassVar[timedelta] = timedelta(minutes=1)
    __tablename__ = "transfer_reversal"

    transfer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("transfer.id"), index=True)
    cause: Mapped[str]
    minor: Mapped[Minor]
    settled_minor: Mapped[Minor] = mapped_column(default=0)
    state: Mapped[str]
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    attempt: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_at: Mapped[datetime | None]
    transfer: Mapped[Transfer] = relationship(back_populates="reversals")

    __table_args__ = (
        CheckConstraint("minor > 0 AND settled_minor BETWEEN 0 AND minor", name="amounts"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_transfer_reversal_debt", "transfer_id", postgresql_where="state = 'debt'"),
    )

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.transfer.currency)

    @property
    def owed(self) -> int:
        """What is still to be set off, in minor units."""
        return self.minor - self.settled_minor if self.state == "debt" else 0

    @property
    def call_key(self) -> str:
        return f"reversal:{self.id}:{self.attempt}"

    def made(self, stripe_id: str) -> None:
        self.stripe_id, self.state, self.made_at = stripe_id, "made", clock.now()
        audit.record("transfer.reversed", self.transfer, minor=self.minor, cause=self.cause)

    def becomes_debt(self) -> None:
        """The consultant's account does not cover it."""
        self.state = "debt"
        audit.record("transfer.debt", self.transfer, minor=self.minor, cause=self.cause)

    def settle(self, minor: int) -> None:
        self.settled_minor += minor

    def try_again(self) -> None:
        self.attempt += 1
        key = f"billing.reverse_transfer:{self.call_key}"
        run_after = clock.now() + self.AFTER_FAULT
        outbox.enqueue("billing.reverse_transfer", self.id, key=key, run_after=run_after)
