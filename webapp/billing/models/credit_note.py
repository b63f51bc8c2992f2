"""Credit notes: the intent with its key, then the mirror of Stripe's document."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.models.credit import Credit
from webapp.billing.models.invoice import Invoice
from webapp.billing.models.refund import Refund
from webapp.billing.objects.credit_note import StripeCreditNote
from webapp.db import Base, Identified, Minor, session
from webapp.money import Money

STATES = ("intended", "issued", "void", "failed")
MEANS = ("reduce", "refund", "credit", "outside")
AFTER_FAULT = timedelta(minutes=1)


class CreditNote(Identified, Base):
    """means: how it gives: 'reduce' (less is due on an open invoice), 'refund' (the paper to a
    refund), 'credit' (onto the client's balance, for the next invoice), 'outside' (paid back
    outside Stripe). States: intended (Stripe may or may not have heard), issued, void, failed.

    idempotency_key is 'credit:<uuid>'; attempt: how often Stripe answered with a fault of its own.
    lines: of what it credits, [{"id": Stripe's of the invoice's line, "minor": before discount and
    tax, "net": after discount}], none where it is of an amount; amount_minor is then without tax
    until Stripe has made it; tax_minor: of it, as Stripe reckoned. credit_id: what it carries out.
    by: whose decision it was, '' for the system and for Stripe's dashboard.
    """

    __tablename__ = "credit_note"

    invoice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invoice.id"), index=True)
    refund_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("refund.id"), unique=True)
    credit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("credit.id"), index=True)
    lines: Mapped[list[Any]] = mapped_column(default=list)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    means: Mapped[str]
    amount_minor: Mapped[Minor]
    tax_minor: Mapped[Minor] = mapped_column(default=0)
    currency: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="intended")
    failure: Mapped[str] = mapped_column(default="")
    number: Mapped[str] = mapped_column(default="")
    pdf_url: Mapped[str] = mapped_column(default="")
    attempt: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    invoice: Mapped[Invoice] = relationship()
    refund: Mapped[Refund | None] = relationship()
    credit: Mapped[Credit | None] = relationship()

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint(f"means IN {MEANS}", name="means"),
        CheckConstraint("(means = 'refund') OR (refund_id IS NULL)", name="refund"),
    )

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def gross(self) -> Money:
        """With tax: what it comes to, or will at most once Stripe has reckoned."""
        if self.stripe_id or not self.lines:
            return self.amount
        charged = {line["id"]: line for line in self.invoice.lines}
        taxes = (_tax_of(charged[one["id"]], one["minor"]) for one in self.lines)
        return Money(self.amount_minor + sum(taxes), self.currency)

    @property
    def net(self) -> Money:
        """Of the lines it credits, without tax."""
        return Money(sum(line["net"] for line in self.lines), self.currency)

    @property
    def of_deposit(self) -> bool:
        return self.credit is not None and self.credit.kind == "deposit"

    @property
    def call_key(self) -> str:
        return f"{self.idempotency_key}:{self.attempt}"

    @property
    def counts(self) -> bool:
        """Whether it gives, or may be about to."""
        return self.state in {"intended", "issued"}

    @classmethod
    def named(cls, once: uuid.UUID) -> CreditNote | None:
        """The one that a decision of that name made."""
        return session.scalar(select(cls).where(cls.idempotency_key == f"credit:{once}"))

    @classmethod
    def intend(
        cls, invoice: Invoice, amount: Money, means: str, once: uuid.UUID, **said: str
    ) -> CreditNote:
        """Write down that a person gives (said: reason, note, by); a job sends it. The caller has
        the invoice's lock and has seen that so much is left."""
        return cls._write(invoice, amount, means=means, idempotency_key=f"credit:{once}", **said)

    @classmethod
    def give_again(cls, invoice: Invoice, amount: Money, reason: str, label: str) -> None:
        """Write down that what the client's credit had paid is credit again, once for the reason.
        The caller has the invoice's lock and has seen that so much is left."""
        key = f"credit:{invoice.id}:{reason}"
        if session.scalar(select(cls.id).where(cls.idempotency_key == key)) is None:
            cls._write(invoice, amount, means="credit", idempotency_key=key, note=label)

    @classmethod
    def given_again(cls, invoice: Invoice, reason: str) -> CreditNote | None:
        key = f"credit:{invoice.id}:{reason}"
        return session.scalar(select(cls).where(cls.idempotency_key == key))

    @classmethod
    def carry_out(cls, credit: Credit, invoice: Invoice, lines: Sequence[dict[str, Any]]) -> None:
        """Write down the part of a credit that an invoice gives, once; a job sends it."""
        net = Money(sum(line["net"] for line in lines), invoice.currency)
        cls._write(invoice, net, means="reduce" if invoice.status == "open" else "credit",
                   idempotency_key=f"{credit.key}:{invoice.id}", note=credit.label,
                   credit=credit, lines=list(lines))  # fmt: skip

    @classmethod
    def _write(cls, invoice: Invoice, amount: Money, **values: Any) -> CreditNote:
        note = cls(invoice=invoice, amount_minor=amount.minor, currency=amount.currency,
                   state="intended", **values)  # fmt: skip
        session.add(note)
        session.flush()
        audit.record("credit_note.intended", invoice, minor=amount.minor, means=note.means,
                     reason=note.note)  # fmt: skip
        outbox.enqueue("billing.make_credit_note", note.id)
        return note

    @classmethod
    def of_credits(cls, credits: Sequence[Credit]) -> list[CreditNote]:
        rows = select(cls).where(cls.credit_id.in_([one.id for one in credits]))
        return list(session.scalars(rows.order_by(cls.id)))

    @classmethod
    def of(cls, invoice: Invoice) -> list[CreditNote]:
        """An invoice's, oldest first, those that came to nothing too."""
        rows = select(cls).where(cls.invoice_id == invoice.id)
        return list(session.scalars(rows.order_by(cls.id)))

    @classmethod
    def made_as(cls, stripe_id: str) -> CreditNote | None:
        return session.scalar(select(cls).where(cls.stripe_id == stripe_id))

    @classmethod
    def of_refund(cls, refund: Refund) -> CreditNote | None:
        return session.scalar(select(cls).where(cls.refund_id == refund.id))

    @classmethod
    def for_refund(cls, refund: Refund) -> None:
        """The paper to a refund made here: without one, the books of the client would go on saying
        that the invoice was paid in full."""
        if cls.of_refund(refund) is None:
            note = cls.intend(refund.invoice, refund.amount, "refund", refund.id, note=refund.note,
                              by=refund.by)  # fmt: skip
            note.refund = refund
            note.lines = _deposit_line(refund) if refund.reason == "deposit" else []

    @classmethod
    def mirror(cls, invoice: Invoice, found: StripeCreditNote) -> CreditNote:
        """Keep a credit note that Stripe tells of: ours, or one made in its dashboard."""
        ours = found.metadata.get("credit_note", "")
        wanted = select(cls).where((cls.stripe_id == found.id) | (cls.idempotency_key == ours))
        note = session.scalar(wanted) or cls(
            invoice=invoice, idempotency_key=f"credit:{found.id}", means=found.means,
            note=found.memo,
        )  # fmt: skip
        session.add(note)
        note.take(found)
        return note

    def take(self, found: StripeCreditNote) -> None:
        before, self.state = self.state, found.status
        self.stripe_id, self.means = found.id, found.means
        self.amount_minor, self.currency = found.amount.minor, found.amount.currency
        self.tax_minor = found.tax.minor
        self.reason = found.reason or self.reason
        self.number, self.pdf_url = found.number, found.pdf_url
        if (before, self.state) != ("issued", "issued"):
            session.flush()
            outbox.enqueue("billing.follow_credit_note", self.id, self.state)

    def fail(self, why: str) -> None:
        """It cannot be made; somebody has to see to it."""
        self.state, self.failure = "failed", why
        audit.record("credit_note.failed", self, reason=why)
        key = f"billing.follow_credit_note:{self.call_key}:failed"
        outbox.enqueue("billing.follow_credit_note", self.id, self.state, key=key)

    def give_as_credit(self) -> None:
        """What was to lessen an invoice is credit for the next one; asked of Stripe under a key of
        its own, since it is another thing."""
        self.means, self.attempt = "credit", self.attempt + 1
        audit.record("credit_note.turned_into_credit", self)

    @property
    def refused_as(self) -> str:
        """The name of this refusal: when it is refused again, that is another."""
        return f"credit_note:{self.id}:{self.attempt}"

    def make_again(self, by: str) -> None:
        """After it was refused, as a person decides; the caller has seen that so much is left."""
        self.state, self.failure, self.attempt = "intended", "", self.attempt + 1
        audit.record("credit_note.made_again", self, by=by)
        key = f"billing.make_credit_note:{self.call_key}"
        outbox.enqueue("billing.make_credit_note", self.id, key=key)

    def try_again(self) -> None:
        """In a minute, after a fault of Stripe's."""
        self.attempt += 1
        run_after = clock.now() + AFTER_FAULT
        key = f"billing.make_credit_note:{self.call_key}"
        outbox.enqueue("billing.make_credit_note", self.id, key=key, run_after=run_after)


def _tax_of(line: dict[str, Any], minor: int) -> int:
    """The tax on so much of a line, before discount; rounded up."""
    return -(-int(line["tax"]) * minor // int(line["minor"]))


def _deposit_line(refund: Refund) -> list[dict[str, Any]]:
    """A deposit goes back as it came: without tax."""
    minor = refund.amount_minor
    lines = (line for line in refund.invoice.lines if line["kind"] == "deposit")
    return [{"id": line["id"], "minor": minor, "net": minor} for line in lines][:1]
