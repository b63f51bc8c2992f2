"""Money given back: the intent with its key, then the mirror of Stripe's refund."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.models.invoice import Invoice
from webapp.billing.objects.refund import StripeRefund
from webapp.db import Base, Identified, Minor, session
from webapp.money import Money

# A person's decision; other reasons are Righthand's own, or 'dashboard'.
REQUESTED = "requested"
# Pays out credit that no invoice will take any more; the credit note that gave it is its paper.
CREDIT_PAID_OUT = "credit_at_the_end"
NO_PAPER = frozenset({"dashboard", CREDIT_PAID_OUT})
STATES = ("intended", "pending", "succeeded", "failed")
# Stripe's own, in our words: https://docs.stripe.com/api/refunds/object#refund_object-status
STATE_OF = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}


class Refund(Identified, Base):
    """idempotency_key is 'refund:<invoice>:<reason>': one reason refunds an invoice once, unless it
    is said to be another time (then ':2' …); what a person decides is 'refund:<uuid>', each time
    anew.

    reason: why, as a code; note: in the words of the person who decided (by, their address).
    faults: how often Stripe answered with a fault of its own. failure: why it did not arrive.
    """

    __tablename__ = "refund"

    invoice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invoice.id"), index=True)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    amount_minor: Mapped[Minor]
    currency: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default="intended")
    faults: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(default="", server_default="")
    by: Mapped[str] = mapped_column(default="", server_default="")
    failure: Mapped[str] = mapped_column(default="", server_default="")
    settled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    invoice: Mapped[Invoice] = relationship(back_populates="refunds")

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint(f"state IN {STATES}", name="state"),
    )

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def call_key(self) -> str:
        """Stripe's own fault is stored with the key, so that after one the next is used."""
        return f"{self.idempotency_key}:{self.faults}"

    def try_again(self) -> None:
        """In a minute, after a fault of Stripe's."""
        self.faults += 1
        key, run_after = f"billing.make_refund:{self.call_key}", clock.now() + timedelta(minutes=1)
        outbox.enqueue("billing.make_refund", self.id, key=key, run_after=run_after)

    @classmethod
    def intend(cls, invoice: Invoice, amount: Money, reason: str, again: bool = False) -> None:
        """Write down that an invoice's money goes back, once for that reason; a job sends it.

        The caller has the invoice's lock and has seen that so much is left (see refunding.refund).
        again: it is another time, since the amount is what is left after those before.
        """
        minor = amount.minor
        key = f"refund:{invoice.id}:{reason}" + (_time_of(invoice, reason) if again else "")
        if minor <= 0 or cls._known(key):
            return
        row = insert(cls).values(
            invoice_id=invoice.id, idempotency_key=key, amount_minor=minor, state="intended",
            currency=invoice.currency, reason=reason, created_at=clock.now(), faults=0, note="",
            by="", failure="",
        )  # fmt: skip
        made = session.scalar(row.on_conflict_do_nothing().returning(cls.id))
        if made:
            session.expire(invoice, ["refunds"])
            audit.record("refund.intended", invoice, minor=minor, reason=reason)
            outbox.enqueue("billing.make_refund", made)

    @classmethod
    def named(cls, once: uuid.UUID) -> Refund | None:
        """The one that a decision of that name made."""
        return session.scalar(select(cls).where(cls.idempotency_key == f"refund:{once}"))

    @classmethod
    def decide(cls, invoice: Invoice, amount: Money, note: str, by: str, once: uuid.UUID) -> Refund:
        """Write down that a person gives money of an invoice back; a job sends it. The caller has
        the invoice's lock and has seen that so much is left."""
        made = cls(
            invoice=invoice, idempotency_key=f"refund:{once}", amount_minor=amount.minor,
            currency=invoice.currency, reason=REQUESTED, note=note, by=by, state="intended",
        )  # fmt: skip
        session.add(made)
        session.flush()
        audit.record("refund.intended", invoice, minor=amount.minor, reason=note)
        outbox.enqueue("billing.make_refund", made.id)
        return made

    @classmethod
    def _known(cls, key: str) -> bool:
        return session.scalar(select(cls.id).where(cls.idempotency_key == key)) is not None

    @classmethod
    def mirror(cls, invoice: Invoice, found: StripeRefund) -> None:
        """Keep a refund that Stripe tells of: ours, or one made in its dashboard."""
        ours = found.metadata.get("refund", "")
        wanted = select(cls).where((cls.stripe_id == found.id) | (cls.idempotency_key == ours))
        refund = session.scalar(wanted) or cls(
            invoice=invoice, idempotency_key=f"refund:{found.id}", reason="dashboard"
        )
        session.add(refund)
        refund.take(found)

    @property
    def wants_paper(self) -> bool:
        """Whether it gets a credit note, once it has arrived."""
        return self.state != "failed" and self.reason not in NO_PAPER

    @property
    def under_way(self) -> bool:
        return self.state in {"intended", "pending"}

    def take(self, found: StripeRefund) -> None:
        """Be what Stripe says now; what follows from the change is put in line."""
        before, self.state = self.state, STATE_OF.get(found.status, "pending")
        self.stripe_id, self.failure = found.id, found.failure
        self.amount_minor, self.currency = found.amount.minor, found.amount.currency
        if self.state != before:
            self._became()

    def fail(self, why: str) -> None:
        """Nothing can be sent; somebody has to see to it."""
        self.state, self.failure = "failed", why
        audit.record("refund.failed", self, reason=why)
        self._became()

    def _became(self) -> None:
        self.settled_at = clock.now() if self.state in {"succeeded", "failed"} else None
        session.flush()
        outbox.enqueue("billing.follow_refund", self.id, self.state)


def _time_of(invoice: Invoice, reason: str) -> str:
    """'' for the first refund of a reason, then ':2' …"""
    before = sum(row.reason == reason for row in invoice.refunds)
    return f":{before + 1}" if before else ""
