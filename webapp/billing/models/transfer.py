"""A consultant's share of one invoice, on its way to their account."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.models.invoice import Invoice
from webapp.billing.models.transfer_reversal import TransferReversal
from webapp.billing.objects.transfer import StripeTransfer
from webapp.catalog.models import Consultant
from webapp.db import Base, Identified, Minor, session
from webapp.money import Money

STATES = ("waiting", "held", "intended", "sent", "reversed", "dropped")
UNSENT = ("waiting", "held")
# Why one waits or is held; the pages have the words for each.
REASONS = ("", "account", "booking", "outside", "currency", "dispute", "refund")


class Transfer(Identified, Base):
    """part: 'fee', or 'credit.0' … for what the client's credit paid, each with ':2' … for what is
    paid anew after a refund failed.

    earned_minor never changes: what a refund takes of it is a TransferReversal. States: waiting
    and held (reason says for what), intended (amount, source and destination are fixed; Stripe
    may or may not have heard), sent, reversed (all of it came back), dropped (nothing was left
    to send: refunded before, or all of it set off against a debt).

    amount_minor: what is sent, that is, earned less what was taken and set off before. source: the
    charge whose money it is, '' for none. worked_out: see paying_out/working.py.
    'transfer:<id>:<attempt>' is the idempotency key.
    """

    __tablename__ = "transfer"

    invoice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invoice.id"), index=True)
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    part: Mapped[str]
    share_percent: Mapped[int]
    earned_minor: Mapped[Minor]
    set_off_minor: Mapped[Minor] = mapped_column(default=0)
    amount_minor: Mapped[Minor] = mapped_column(default=0)
    currency: Mapped[str]
    worked_out: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="waiting")
    reason: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")
    destination: Mapped[str] = mapped_column(default="")
    outside: Mapped[bool] = mapped_column(default=False)
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    attempt: Mapped[int] = mapped_column(default=0)
    attempted_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    sent_at: Mapped[datetime | None]
    invoice: Mapped[Invoice] = relationship()
    consultant: Mapped[Consultant] = relationship()
    reversals: Mapped[list[TransferReversal]] = relationship(
        back_populates="transfer", order_by=TransferReversal.id
    )

    __table_args__ = (
        UniqueConstraint("invoice_id", "consultant_id", "part"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint(f"reason IN {REASONS}", name="reason"),
        CheckConstraint("earned_minor > 0 AND amount_minor BETWEEN 0 AND earned_minor",
                        name="amounts"),
        CheckConstraint("set_off_minor BETWEEN 0 AND earned_minor", name="set_off"),
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="share_percent"),
        Index("ix_transfer_state", "state", postgresql_where="state IN ('waiting', 'held')"),
    )  # fmt: skip

    @classmethod
    def of(cls, invoice_id: uuid.UUID) -> list[Transfer]:
        """An invoice's, oldest first, locked."""
        rows = select(cls).where(cls.invoice_id == invoice_id).order_by(cls.id)
        fresh = rows.with_for_update().execution_options(populate_existing=True)
        return list(session.scalars(fresh))

    @property
    def earned(self) -> Money:
        return Money(self.earned_minor, self.currency)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def set_off(self) -> Money:
        """What of it paid debts of before."""
        return Money(self.set_off_minor, self.currency)

    @property
    def standing(self) -> int:
        """What the consultant keeps of it, in minor units."""
        return self.earned_minor - sum(one.minor for one in self.reversals)

    @property
    def taken(self) -> Money:
        """What was taken back of it, before it was sent or after."""
        return Money(self.earned_minor - self.standing, self.currency)

    @property
    def to_send(self) -> Money:
        """What is left to send, before debts are set off."""
        return Money(max(0, self.standing - self.set_off_minor), self.currency)

    @property
    def unsent(self) -> bool:
        return self.state in UNSENT

    @property
    def call_key(self) -> str:
        return f"transfer:{self.id}:{self.attempt}"

    def wait(self, state: str, reason: str) -> None:
        self.state, self.reason = state, reason

    def intend(self, amount_minor: int, destination: str) -> None:
        """Fix what is sent, to be committed before Stripe hears of it."""
        self.amount_minor, self.destination = amount_minor, destination
        self.state, self.reason, self.attempted_at = "intended", "", clock.now()
        audit.record("transfer.intended", self, minor=amount_minor, set_off=self.set_off_minor)
        outbox.enqueue(
            "billing.send_transfer", self.id, key=f"billing.send_transfer:{self.call_key}"
        )

    def drop(self) -> None:
        """Nothing is left to send."""
        self.state, self.reason, self.amount_minor = "dropped", "", 0
        audit.record("transfer.dropped", self, set_off=self.set_off_minor)

    def take(self, found: StripeTransfer) -> None:
        """Stripe has it."""
        self.stripe_id, self.state, self.sent_at = found.id, "sent", clock.now()
        audit.record("transfer.sent", self, minor=found.amount.minor)

    def paid_outside(self) -> None:
        """The firm has paid it by itself, since the client's money never came to Stripe."""
        self.amount_minor = self.standing - self.set_off_minor
        self.outside, self.state, self.reason, self.sent_at = True, "sent", "", clock.now()
        audit.record("transfer.paid_outside", self, minor=self.amount_minor)

    def try_again(self) -> None:
        """In a minute, under the next key, after a fault of Stripe's."""
        self.attempt += 1
        key = f"billing.send_transfer:{self.call_key}"
        run_after = clock.now() + TransferReversal.AFTER_FAULT
        outbox.enqueue("billing.send_transfer", self.id, key=key, run_after=run_after)


def standing(transfers: Iterable[Transfer]) -> int:
    return sum(transfer.standing for transfer in transfers)
