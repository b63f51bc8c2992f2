"""The invoice to come, as Stripe foresaw it when it was last asked."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.billing.models.invoice_line import line_of, rows_of
from webapp.billing.objects.invoice import StripeInvoice
from webapp.db import Base, Identified, Minor, session
from webapp.engagements.models import Engagement
from webapp.money import Money


class Upcoming(Identified, Base):
    """on: when the month is charged. Amounts and lines as an invoice's; deposit_minor: how much of
    balance_applied is the deposit, also while it is not the client's credit yet."""

    __tablename__ = "upcoming_invoice"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), unique=True)
    on: Mapped[datetime]
    currency: Mapped[str]
    subtotal_minor: Mapped[Minor]
    discount_minor: Mapped[Minor]
    tax_minor: Mapped[Minor]
    balance_applied_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")
    deposit_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")
    due_minor: Mapped[Minor]
    lines: Mapped[list[Any]]
    synced_at: Mapped[datetime]
    engagement: Mapped[Engagement] = relationship()

    @classmethod
    def of(cls, engagement: Engagement) -> Upcoming | None:
        return session.scalar(select(cls).where(cls.engagement_id == engagement.id))

    @classmethod
    def forget(cls, engagement: Engagement) -> None:
        session.execute(delete(cls).where(cls.engagement_id == engagement.id))

    @classmethod
    def keep(
        cls, engagement: Engagement, found: StripeInvoice, on: datetime, coming: Money, there: Money
    ) -> Upcoming:
        """coming: of the deposit, what will be set off and Stripe does not know of yet; there: what
        of it the client has as credit by now."""
        upcoming = cls.of(engagement) or cls(engagement_id=engagement.id)
        upcoming.on, upcoming.currency = on, found.due.currency
        upcoming.subtotal_minor, upcoming.tax_minor = found.subtotal.minor, found.tax.minor
        upcoming.discount_minor, upcoming.due_minor = (
            found.discount.minor,
            (found.due - coming).minor,
        )
        upcoming.balance_applied_minor = (found.balance_applied + coming).minor
        upcoming.deposit_minor = (coming + there).minor
        upcoming.lines = [line_of(engagement, line) for line in found.lines if line.amount.minor]
        upcoming.synced_at = clock.now()
        session.add(upcoming)
        session.flush()
        return upcoming

    @property
    def due(self) -> Money:
        return Money(self.due_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.currency)

    @property
    def balance_applied(self) -> Money:
        return Money(self.balance_applied_minor, self.currency)

    @property
    def deposit(self) -> Money:
        return Money(self.deposit_minor, self.currency)

    @property
    def rows(self) -> list[tuple[str, Money]]:
        """(what, amount) of each line, before discount and tax."""
        return rows_of(self.lines, self.currency)
