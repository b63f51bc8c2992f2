"""A purchase on account: what was bought is invoiced, and paid within the days agreed."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.buying.selling import on_account
from webapp.db import Base, Identified, session
from webapp.engagements.models import Engagement

STATES = ("intended", "made", "void")
AGAIN = timedelta(minutes=1)
# Stripe may forget a key after a day (https://docs.stripe.com/api/idempotent_requests).
REPEATABLE = timedelta(hours=23)


class AccountPurchase(Identified, Base):
    """One an engagement. params are frozen before the call; attempt and attempted_at: the present
    idempotency key 'account:<engagement>:<attempt>', and since when.

    States: intended (Stripe may or may not have heard), made (stripe_id is the subscription's, or
    the invoice's where nothing renews), void (it was paid by Checkout first).
    """

    __tablename__ = "account_purchase"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), unique=True)
    net_days: Mapped[int]
    params: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="intended")
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    attempt: Mapped[int] = mapped_column(default=0)
    attempted_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship()

    __table_args__ = (CheckConstraint(f"state IN {STATES}", name="state"),)

    @classmethod
    def of(cls, engagement: Engagement) -> AccountPurchase | None:
        return session.scalar(select(cls).where(cls.engagement_id == engagement.id))

    @classmethod
    def intend(cls, engagement: Engagement, net_days: int) -> None:
        """Write down the sale, to be made at Stripe by a job; the engagement's lock is held."""
        params = on_account(engagement, net_days) if engagement.terms.is_retainer else {}
        session.add(cls(engagement_id=engagement.id, net_days=net_days, params=params))
        audit.record("purchase.on_account", engagement, net_days=net_days)
        outbox.enqueue("billing.sell_on_account", engagement.id)

    @property
    def call_key(self) -> str:
        return f"account:{self.engagement_id}:{self.attempt}"

    @property
    def stale(self) -> bool:
        """Whether the key may have been forgotten, or was spent on a fault of Stripe's."""
        return self.attempt > 0 or clock.now() - self.attempted_at > REPEATABLE

    def try_again(self) -> None:
        """In a minute, after a fault of Stripe's, which is stored with the key."""
        self.attempt, self.attempted_at = self.attempt + 1, clock.now()
        key = f"billing.sell_on_account:{self.call_key}"
        outbox.enqueue("billing.sell_on_account", self.engagement_id, key=key,
                       run_after=self.attempted_at + AGAIN)  # fmt: skip

    def follow_the_catalog(self) -> None:
        """A coupon names the plans there are on a day: where others came since, another one is made
        and asked for, under another key. Safe, since Stripe is then looked at first (`stale`)."""
        now_sold = on_account(self.engagement, self.net_days)
        if now_sold.get("discounts") != self.params.get("discounts"):
            self.params = self.params | {"discounts": now_sold["discounts"]}
            self.attempt, self.attempted_at = self.attempt + 1, clock.now()

    def made(self, stripe_id: str) -> None:
        self.state, self.stripe_id = "made", stripe_id
