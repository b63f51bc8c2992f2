"""The mirror of a retainer's subscription."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, false, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.billing.models.mirror import Mirrored
from webapp.billing.objects.subscription import StripeSubscription
from webapp.db import Base, Identified, Minor, session
from webapp.engagements.models import Engagement
from webapp.money import Money

OVER = ("canceled", "incomplete_expired")


class Subscription(Identified, Mirrored, Base):
    """status as Stripe has it; renews_at: the next period's start, None once it is over;
    cancels_at: when it ends by itself. collection: as an invoice's. given_up: Stripe charges
    nothing more, since its last try to be paid failed; former: Stripe's ids of those before it."""

    __tablename__ = "stripe_subscription"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), unique=True)
    status: Mapped[str]
    price_minor: Mapped[Minor]
    currency: Mapped[str]
    renews_at: Mapped[datetime | None]
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    cancels_at: Mapped[datetime | None]
    collection: Mapped[str] = mapped_column(default="card", server_default="card")
    ended_at: Mapped[datetime | None]
    given_up: Mapped[bool] = mapped_column(default=False, server_default=false())
    former: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    engagement: Mapped[Engagement] = relationship()

    @classmethod
    def of(cls, engagement: Engagement) -> Subscription | None:
        return session.scalar(select(cls).where(cls.engagement_id == engagement.id))

    @classmethod
    def replaced(cls, stripe_id: str) -> bool:
        """Whether another has taken the place of the subscription of that id."""
        named = select(cls.id).where(cls.former.contains([stripe_id]))
        return session.scalar(named.limit(1)) is not None

    @property
    def over(self) -> bool:
        return self.status in OVER

    @property
    def renews(self) -> bool:
        """Whether another month will be charged, as things stand."""
        if self.over or self.status == "paused" or self.cancel_at_period_end:
            return False
        if self.renews_at is None:
            return False
        return self.cancels_at is None or self.cancels_at > self.renews_at

    @property
    def price(self) -> Money:
        """What each month costs, before anything added to it."""
        return Money(self.price_minor, self.currency)

    def take(self, found: StripeSubscription) -> None:
        """Be what Stripe says now; another invoice to come is looked at anew."""
        before = self._promise
        if found.over and not self.over and self.status:
            self._note_end(found.status)
        if self.stripe_id and self.stripe_id != found.id:
            self._follow(found)
        self.given_up = found.given_up or (bool(self.given_up) and found.over)
        self.stripe_id, self.status = found.id, found.status
        self.price_minor, self.currency = found.price.minor, found.price.currency
        self.renews_at = None if found.over else found.renews_at
        self.cancel_at_period_end = found.cancel_at_period_end
        self.cancels_at, self.collection = found.cancels_at, found.collection
        self.ended_at = found.ended_at
        self.livemode, self.synced_at = found.livemode, clock.now()
        if self._promise != before:
            outbox.enqueue_again("billing.preview_upcoming", self.engagement.id)
            outbox.enqueue_again("billing.compare_with_terms", self.engagement.id)

    @property
    def _promise(self) -> tuple[object, ...]:
        """What the invoice to come depends on."""
        return self.status, self.price_minor, self.renews_at, self.cancels_at, self.renews

    def _follow(self, found: StripeSubscription) -> None:
        """Another one takes the place of one that is over. Whoever hears of it first, the days
        that Stripe charged for no more are charged, up to the first that it charges again."""
        audit.record("subscription.replaced", self.engagement, before=self.stripe_id, by=found.id)
        if self.given_up:
            again = found.renews_at if found.status == "trialing" else found.began_at
            outbox.enqueue("billing.charge_meanwhile", self.engagement_id, self.stripe_id,
                           again.isoformat())  # fmt: skip
        self.former, self.given_up = [*(self.former or []), self.stripe_id], False

    def charged(self, stripe_id: str) -> bool:
        """Whether it, or one before it, is the subscription of that id."""
        return stripe_id == self.stripe_id or stripe_id in self.former

    def _note_end(self, status: str) -> None:
        """Whoever ended it, and wherever: Stripe collects nothing of that customer any more, of
        which what is owed beside is not to suffer."""
        audit.record("subscription.ended", self.engagement, status=status)
        outbox.enqueue("billing.go_on_collecting", self.engagement_id, self.stripe_id)
