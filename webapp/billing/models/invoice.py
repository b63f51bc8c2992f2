"""The mirror of an invoice. Amounts in minor units of `currency`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, false, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.buying.order import midnight, month_day
from webapp.billing.models.invoice_line import line_of, rows_of
from webapp.billing.models.mirror import Mirrored
from webapp.billing.objects.invoice import StripeInvoice
from webapp.db import Base, Identified, Minor, session
from webapp.engagements.models import Engagement
from webapp.money import Money

if TYPE_CHECKING:
    from webapp.billing.models.refund import Refund

GRACE_DAYS = 10
OVER = frozenset({"ended", "lost"})
BEFORE_ONBOARDING = frozenset({"enquiry", "signed", "lost"})


@dataclass(frozen=True)
class Before:
    """What an invoice was when Stripe was last asked."""

    status: str
    attempts: int
    processing: bool
    needs_action: bool


class Invoice(Identified, Mirrored, Base):
    """status as Stripe has it: draft, open, paid, void, uncollectible.

    total is subtotal less discount plus tax; balance_applied: what of it the client's credit at
    Stripe has paid, so that total less that (and less credit notes) is paid or due. collection:
    'card' (what is on file is charged) or 'invoice' (sent, due by due_on). lines: [{"id", "text",
    "minor", "discount", "tax", "kind", "item", "starts", "ends"}] of what costs something or
    gives back; attempts: how often a payment was tried, and next_attempt_at when it will be
    again; processing: a bank debit is on its way; needs_action: the payer's bank wants them to
    confirm; failure: why the last try failed, as Stripe words it; failed_at: from when on it
    counts as not paid. settled_note, settled_by: what finance wrote when it was paid outside
    Stripe (out_of_band once Stripe knows). asked_anew: it is void, or will be, and what is owed
    of it goes on the final invoice.
    """

    __tablename__ = "invoice"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    number: Mapped[str] = mapped_column(default="")
    status: Mapped[str]
    billing_reason: Mapped[str] = mapped_column(default="")
    currency: Mapped[str]
    collection: Mapped[str] = mapped_column(default="card", server_default="card")
    subtotal_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")
    discount_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")
    tax_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")
    reverse_charge: Mapped[bool] = mapped_column(default=False, server_default=false())
    total_minor: Mapped[Minor]
    balance_applied_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")
    paid_minor: Mapped[Minor]
    due_minor: Mapped[Minor]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    processing: Mapped[bool] = mapped_column(default=False, server_default=false())
    needs_action: Mapped[bool] = mapped_column(default=False, server_default=false())
    failure: Mapped[str] = mapped_column(default="", server_default="")
    failed_at: Mapped[datetime | None]
    out_of_band: Mapped[bool] = mapped_column(default=False, server_default=false())
    settled_note: Mapped[str] = mapped_column(default="", server_default="")
    settled_by: Mapped[str] = mapped_column(default="", server_default="")
    asked_anew: Mapped[bool] = mapped_column(default=False, server_default=false())
    lines: Mapped[list[Any]]
    hosted_url: Mapped[str] = mapped_column(default="")
    pdf_url: Mapped[str] = mapped_column(default="")
    issued_at: Mapped[datetime] = mapped_column(index=True)
    paid_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    written_off_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    engagement: Mapped[Engagement] = relationship()
    refunds: Mapped[list[Refund]] = relationship(back_populates="invoice")

    @classmethod
    def known(cls, stripe_id: str) -> Invoice | None:
        return session.scalar(select(cls).where(cls.stripe_id == stripe_id))

    @classmethod
    def paid_of(cls, engagement: Engagement) -> list[Invoice]:
        """The engagement's paid invoices, oldest first."""
        paid = select(cls).where(cls.engagement_id == engagement.id, cls.status == "paid")
        return list(session.scalars(paid.order_by(cls.issued_at)))

    @classmethod
    def lock_of(cls, engagement: Engagement) -> None:
        """All of an engagement's, until the transaction ends; what was read before may be stale by
        then, and is read anew."""
        session.flush()
        session.expire_all()
        theirs = select(cls).where(cls.engagement_id == engagement.id)
        session.scalars(theirs.order_by(cls.id).with_for_update()).all()

    @classmethod
    def open_of(cls, engagement: Engagement) -> list[Invoice]:
        """What is still to be paid, oldest first."""
        unpaid = select(cls).where(cls.engagement_id == engagement.id, cls.status == "open")
        return list(session.scalars(unpaid.order_by(cls.issued_at)))

    @classmethod
    def unpaid_of(cls, engagement: Engagement) -> list[Invoice]:
        """What is open or given up, and was not paid elsewhere, oldest first."""
        unpaid = select(cls).where(
            cls.engagement_id == engagement.id, cls.status.in_(("open", "uncollectible")),
            cls.settled_note == "",
        )  # fmt: skip
        return list(session.scalars(unpaid.order_by(cls.issued_at)))

    @classmethod
    def marked_of(cls, engagement: Engagement) -> list[Invoice]:
        """What is asked for anew on the final invoice, oldest first."""
        marked = select(cls).where(cls.engagement_id == engagement.id, cls.asked_anew)
        return list(session.scalars(marked.order_by(cls.issued_at)))

    @classmethod
    def currency_of(cls, company_id: uuid.UUID | None) -> str | None:
        """The currency a company is billed in: Stripe allows a subscriber one only."""
        theirs = select(cls.currency).join(Engagement).where(Engagement.company_id == company_id)
        return session.scalar(theirs.order_by(cls.issued_at.desc()).limit(1))

    @property
    def title(self) -> str:
        """What it is for: the plan of the month it charges, or of the day on which it was issued.

        Later changes of plan leave it as it was.
        """
        months = (line["starts"] for line in self.lines if line.get("kind") == "retainer")
        starts = min(months, default=None)
        engagement = self.engagement
        if not engagement.terms_history:
            return engagement.title
        began = month_day(engagement, datetime.fromisoformat(starts)) if starts else None
        return engagement.terms_on(began or engagement.local_date(self.issued_at)).name

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def paid(self) -> Money:
        return Money(self.paid_minor, self.currency)

    @property
    def due(self) -> Money:
        """What is still to be paid: nothing of one that is void, whatever Stripe's document says,
        nor of one that finance has recorded as paid outside Stripe."""
        over = self.status == "void" or bool(self.settled_note)
        return Money(0 if over else self.due_minor, self.currency)

    @property
    def rows(self) -> list[tuple[str, Money]]:
        """(what, amount) of each line, before discount and tax."""
        return rows_of(self.lines, self.currency)

    @property
    def given_back(self) -> Money:
        """What was refunded or is on its way back."""
        kept = (refund.amount_minor for refund in self.refunds if refund.state != "failed")
        return Money(sum(kept), self.currency)

    @property
    def subtotal(self) -> Money:
        return Money(self.subtotal_minor, self.currency)

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def balance_applied(self) -> Money:
        return Money(self.balance_applied_minor, self.currency)

    @property
    def failing(self) -> bool:
        """Open although a payment was tried, and none is on its way."""
        tried = self.attempts > 0 and not self.processing
        return self.status == "open" and tried and not self.settled_note

    @property
    def given_up(self) -> bool:
        return self.status == "uncollectible" and not self.settled_note

    @property
    def late(self) -> bool:
        """Not paid when it should have been: a charge failed, or the due date has passed."""
        if self.collection == "card":
            return self.failing
        today = self.engagement.local_date(clock.now())
        passed = self.due_on is not None and today > self.due_on
        return self.status == "open" and passed and not self.settled_note

    @property
    def asks_decision(self) -> bool:
        """Whether the firm can still pause the work for it, or go on: not once that is over."""
        return (self.late or self.given_up) and self.engagement.stage not in OVER

    @property
    def late_since(self) -> datetime:
        """From when the days of dunning count: when it was issued, a bank debit came back, or the
        due date had passed."""
        if self.collection == "card" or self.due_on is None:
            return self.failed_at or self.issued_at
        return midnight(self.due_on + timedelta(days=1), self.engagement.time_zone)

    @property
    def grace_until(self) -> datetime:
        """Until when work goes on however often a payment fails; then the firm decides."""
        return self.late_since + timedelta(days=GRACE_DAYS)

    def take(self, found: StripeInvoice) -> None:
        """Be what Stripe says now; what follows from the change is put in line."""
        before = Before(self.status, self.attempts or 0, bool(self.processing),
                        bool(self.needs_action))  # fmt: skip
        self._copy(found)
        session.add(self)
        session.flush()
        if self.status != before.status:
            self._became()
        tried = self.attempts > before.attempts or before.processing
        if self.failing and tried:
            self._failed_again(before.processing)
        if self.failing and self.needs_action and not before.needs_action:
            self._tell("billing.tell_confirm")

    def _copy(self, found: StripeInvoice) -> None:
        self.stripe_id, self.number, self.status = found.id, found.number, found.status
        self.billing_reason, self.currency = found.billing_reason, found.total.currency
        self.collection, self.reverse_charge = found.collection, found.reverse_charge
        self.subtotal_minor, self.discount_minor = found.subtotal.minor, found.discount.minor
        self.tax_minor, self.out_of_band = found.tax.minor, found.out_of_band
        self.processing, self.needs_action = found.processing, found.needs_action
        self.failure = found.failure[:500]
        self.total_minor, self.paid_minor = found.total.minor, found.paid.minor
        self.balance_applied_minor = found.balance_applied.minor
        self.due_minor, self.attempts = found.due.minor, found.attempts
        self.next_attempt_at = found.next_attempt_at
        self.lines = [line_of(self.engagement, line) for line in found.lines if line.amount.minor]
        self.hosted_url, self.pdf_url = found.hosted_url, found.pdf_url
        self.issued_at, self.paid_at = found.issued_at, found.paid_at
        self.voided_at, self.written_off_at = found.voided_at, found.written_off_at
        self.due_on = found.due_at.date() if found.due_at else None
        self.livemode, self.synced_at = found.livemode, clock.now()

    def _became(self) -> None:
        if self.status == "paid":
            audit.record("invoice.paid", self, engagement=str(self.engagement_id))
            outbox.enqueue("billing.read_payments", self.id)
        if self.status == "paid" and self.paid_minor > 0:
            outbox.enqueue("billing.send_receipt", self.id)
        if self.status == "open" and self.collection == "invoice":
            outbox.enqueue("billing.tell_issued", self.id)
        if self.status == "uncollectible":
            outbox.enqueue("billing.ask_about_given_up", self.id)
        self._close_account(self.status)

    def _close_account(self, because: str) -> None:
        """It may have waited for this one, once its engagement has ended."""
        if self.engagement.stage == "ended":
            key = f"billing.close_account:{self.engagement_id}:{self.id}:{because}"
            outbox.enqueue("billing.close_account", self.engagement_id, key=key)

    def ask_anew(self) -> None:
        """A job voids it; what is owed of it is written down once it is void."""
        self.asked_anew = True
        audit.record("invoice.asked_anew", self, minor=self.due_minor)
        outbox.enqueue("billing.void_marked", self.id)

    def _failed_again(self, debit: bool) -> None:
        self._close_account(f"failed:{self.attempts}")
        audit.record("invoice.payment_failed", self, attempts=self.attempts)
        self.failed_at = self.failed_at or (clock.now() if debit else self.issued_at)
        if not self.needs_action:
            self._tell("billing.tell_failed", 0)

    def settle_elsewhere(self, note: str, by: str) -> None:
        """It was paid outside Stripe, which a job tells Stripe; it is not chased from now on."""
        if self.status not in {"open", "uncollectible"} or self.settled_note:
            raise ValueError("only an open invoice can still be settled")
        self.settled_note, self.settled_by = note[:500], by
        audit.record("invoice.settled_elsewhere", self, reason=note[:500], minor=self.due_minor)
        outbox.enqueue("billing.settle_elsewhere", self.id)

    def _tell(self, task: str, *payload: int) -> None:
        """Not before onboarding: until then Checkout's own page tells."""
        if self.engagement.stage not in BEFORE_ONBOARDING:
            outbox.enqueue(task, self.id, *payload)
