"""What a change of plan costs, as shown: frozen, so that what is confirmed is what was seen."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.catalog.models import Offering
from webapp.db import Base, Identified, Minor, session
from webapp.engagements.models import Engagement, TermsChange
from webapp.engagements.models.period import month_of
from webapp.money import Money


class Quote(Identified, Base):
    """starts: from when the plan would hold; quoted_on: the local day it was worked out on.

    version: how many changes the engagement had seen, and offering_version which offering. amount:
    what the days left of this month add, before tax (negative: a credit); with tax_minor it is what
    an invoice asks for at once. monthly: {"price", "discount", "tax", "total"} of a later month in
    minor units. change_id: what it became once confirmed.
    """

    __tablename__ = "quote"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    offering_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offering.id"))
    offering_version: Mapped[int]
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    starts: Mapped[date]
    quoted_on: Mapped[date]
    version: Mapped[int]
    amount_minor: Mapped[Minor]
    tax_minor: Mapped[Minor]
    currency: Mapped[str]
    label: Mapped[str]
    monthly: Mapped[dict[str, Any]]
    change_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("terms_change.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    engagement: Mapped[Engagement] = relationship()
    offering: Mapped[Offering] = relationship()
    change: Mapped[TermsChange | None] = relationship()

    __table_args__ = (
        CheckConstraint("amount_minor <> 0 OR tax_minor = 0", name="tax_of_something"),
    )

    @classmethod
    def of(cls, engagement: Engagement, quote_id: uuid.UUID) -> Quote | None:
        return session.scalar(select(cls).filter_by(id=quote_id, engagement_id=engagement.id))

    @property
    def at_once(self) -> bool:
        return self.starts == self.quoted_on

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def total(self) -> Money:
        """What is charged at once, or, when negative, taken off the next invoice."""
        return self.amount + self.tax

    def monthly_part(self, name: str) -> Money:
        return Money(self.monthly[name], self.currency)

    @property
    def discounted(self) -> bool:
        """Whether Stripe takes something off the months to come."""
        return bool(self.monthly["discount"])

    @property
    def lost_code(self) -> str:
        """The code that runs on, and takes nothing off this plan: Stripe fixed its products before
        the plan was offered. '' where there is none."""
        engagement = self.engagement
        next_month = engagement.month_after(self.quoted_on)
        terms, month = engagement.terms, month_of(engagement.kick_off_on, next_month)
        lost = terms.discounted(month) and not self.discounted
        return terms.coupon_code if lost else ""

    @property
    def stale(self) -> bool:
        """Whether something that it was worked out from is otherwise by now."""
        engagement = self.engagement
        return (
            self.quoted_on != engagement.today
            or self.version != len(engagement.changes)
            or self.offering_version != self.offering.version
        )
