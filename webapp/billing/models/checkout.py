"""An attempt to pay: the frozen call that opens a Stripe Checkout Session."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.buying.selling import CLEARS_WITHIN, by_checkout
from webapp.billing.objects.session import StripeSession
from webapp.booking.models import SlotTaken
from webapp.db import Base, Identified, Minor, session
from webapp.engagements.models import Engagement
from webapp.money import Money

STATES = ("intended", "open", "complete", "expired")
# Stripe keeps a Session for 30 minutes at least, counted when the call arrives.
OPEN_FOR = timedelta(minutes=35)
HELD_AFTER = timedelta(minutes=10)
# How long the kick-off is kept for paying again after a debit came back.
PAY_AGAIN_WITHIN = timedelta(hours=48)
# Below this a Session is not worth coming back to.
WORTH_RETURNING = timedelta(minutes=3)
# A call whose answer was lost is repeated with its key and its frozen expiry for so long.
REPEATABLE = timedelta(minutes=4)


@dataclass(frozen=True)
class Call:
    """What a Checkout asks of Stripe, apart from the row. repeatable_until: the key may be used
    (again) before; asked when it is used, since what comes before it takes its time too."""

    key: str
    params: dict[str, Any]
    stripe_id: str | None
    repeatable_until: datetime
    wanted: bool

    @property
    def repeat(self) -> bool:
        return clock.now() < self.repeatable_until


class Checkout(Identified, Base):
    """idempotency_key is 'checkout:<engagement>:<attempt>'; params are frozen before the call.

    States: intended (Stripe may or may not have heard), open, complete (paid), expired (or its
    debit came back). debited_at: since when a bank debit is on its way; it is open meanwhile.
    total_minor, tax_minor: what Stripe asks for today, once it was opened.
    """

    __tablename__ = "checkout"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    attempt: Mapped[int]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    params: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="intended")
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    url: Mapped[str] = mapped_column(default="")
    expires_at: Mapped[datetime]
    debited_at: Mapped[datetime | None]
    total_minor: Mapped[Minor | None]
    tax_minor: Mapped[Minor | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship()

    __table_args__ = (
        UniqueConstraint("engagement_id", "attempt"),
        CheckConstraint(f"state IN {STATES}", name="state"),
    )

    @classmethod
    def unfinished(cls, engagement: Engagement) -> Checkout | None:
        """The attempt that may still be paid."""
        alive = select(cls).where(cls.engagement_id == engagement.id)
        alive = alive.where(cls.state.in_(["intended", "open"]))
        return session.scalar(alive.order_by(cls.attempt.desc()).limit(1))

    @classmethod
    def latest(cls, engagement: Engagement) -> Checkout | None:
        attempts = select(cls).where(cls.engagement_id == engagement.id)
        return session.scalar(attempts.order_by(cls.attempt.desc()).limit(1))

    @classmethod
    def intend(cls, engagement: Engagement, success_url: str, cancel_url: str) -> Checkout:
        """Write down the next attempt, to be committed before Stripe is called.

        The kick-off is held ten minutes longer than the Session lives. Raises SlotTaken when it
        had lapsed and is gone.
        """
        now = clock.now()
        expires_at = (now + OPEN_FOR).replace(microsecond=0)
        engagement.hold.keep_until(expires_at + HELD_AFTER)
        attempt = cls._next_attempt(engagement)
        key = f"checkout:{engagement.id}:{attempt}"
        urls = {"success_url": success_url, "cancel_url": cancel_url}
        params = by_checkout(engagement, key) | urls | {"expires_at": int(expires_at.timestamp())}
        made = cls(engagement=engagement, attempt=attempt, idempotency_key=key, params=params,
                   expires_at=expires_at, created_at=now)  # fmt: skip
        session.add(made)
        session.flush()
        # Whatever becomes of browser and webhook, we look once the Session is over.
        run_after = expires_at + timedelta(minutes=1)
        outbox.enqueue("billing.look_at_checkout", made.id, run_after=run_after)
        audit.record("checkout.intended", engagement, attempt=attempt)
        return made

    @classmethod
    def _next_attempt(cls, engagement: Engagement) -> int:
        last = select(func.max(cls.attempt)).where(cls.engagement_id == engagement.id)
        return (session.scalar(last) or 0) + 1

    def call(self) -> Call:
        """A frozen copy, for use outside the transaction."""
        until = self.created_at + REPEATABLE
        return Call(self.idempotency_key, self.params, self.stripe_id, until, self.wanted)

    @property
    def wanted(self) -> bool:
        """Whether it still sells what the engagement is, with time enough to pay."""
        now_sold = by_checkout(self.engagement, self.idempotency_key)
        same = all(self.params.get(name) == value for name, value in now_sold.items())
        return same and self.expires_at - clock.now() > WORTH_RETURNING

    def take(self, found: StripeSession | None) -> None:
        """What Stripe says of it; None when Stripe never heard of it."""
        if found is None:
            self.state = "expired"
            return
        self.stripe_id, self.url, self.expires_at = found.id, found.url, found.expires_at
        self.total_minor, self.tax_minor = found.total_minor, found.tax_minor
        if self.state == "expired" and not found.paid:
            return
        if found.debited and self.debited_at is None:
            self._note_debit()
        if found.paid and self.state != "complete":
            audit.record("checkout.paid", self.engagement, attempt=self.attempt)
        if self.state != "complete":
            self.state = "complete" if found.paid else _state(found)

    @property
    def tax(self) -> Money | None:
        """What of today's sum is tax; None while it is not known, or none is due."""
        return Money(self.tax_minor, self.engagement.terms.currency) if self.tax_minor else None

    @property
    def on_its_way(self) -> bool:
        """A bank debit that is neither there nor back."""
        return self.debited_at is not None and self.state == "open"

    @property
    def settles_by(self) -> datetime:
        assert self.debited_at is not None
        return self.debited_at + CLEARS_WITHIN

    def _note_debit(self) -> None:
        """The kick-off is kept until the bank has decided."""
        self.debited_at = clock.now()
        audit.record("checkout.debited", self.engagement, attempt=self.attempt)
        self.engagement.settles_by = self.settles_by
        outbox.enqueue("billing.tell_debit_begun", self.id)
        try:
            with session.begin_nested():
                self.engagement.hold.keep_until(self.settles_by)
        except SlotTaken:
            audit.record("payment.slot_lost", self.engagement)  # it goes back once it has come

    def debit_came_back(self) -> None:
        """The bank returned it: the client may pay another way, and hears of it."""
        if self.on_its_way:
            self.state, self.engagement.settles_by = "expired", None
            self.engagement.hold.keep_only_until(clock.now() + PAY_AGAIN_WITHIN)
            audit.record("checkout.debit_returned", self.engagement, attempt=self.attempt)
            outbox.enqueue("billing.tell_debit_returned", self.id)


def _state(found: StripeSession) -> str:
    """A Session that is complete but not paid yet (a bank debit) is still open to us."""
    return "expired" if found.status == "expired" else "open"
