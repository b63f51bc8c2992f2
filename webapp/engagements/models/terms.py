"""Terms: what was agreed, copied from the offering, dated; a change is a new row."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Self

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.catalog.models import Offering
from webapp.db import Base, Identified
from webapp.money import Money

COPIED = (
    "name", "role", "kind", "currency", "price_minor", "deposit_minor", "overage_rate_minor",
    "included_minutes", "days_per_month", "weeks", "minimum_months", "notice_days",
    "full_refund_days", "late_refund_percent",
)  # fmt: skip


class Terms(Identified, Base):
    """Amounts in minor units of `currency`; overage per hour; refunds as days and percent."""

    __tablename__ = "terms"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    valid_from: Mapped[date]
    name: Mapped[str]
    role: Mapped[str]
    kind: Mapped[str]
    currency: Mapped[str]
    price_minor: Mapped[int]
    deposit_minor: Mapped[int]
    overage_rate_minor: Mapped[int]
    included_minutes: Mapped[int]
    days_per_month: Mapped[int]
    weeks: Mapped[int | None]
    minimum_months: Mapped[int]
    notice_days: Mapped[int]
    full_refund_days: Mapped[int]
    late_refund_percent: Mapped[int]

    __table_args__ = (UniqueConstraint("engagement_id", "valid_from"),)

    @classmethod
    def of(cls, offering: Offering, valid_from: date) -> Self:
        """A copy, so that editing the offering never touches what was sold."""
        return cls(valid_from=valid_from, **{name: getattr(offering, name) for name in COPIED})

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def deposit(self) -> Money:
        return Money(self.deposit_minor, self.currency)

    @property
    def due_at_booking(self) -> Money:
        return self.price + self.deposit

    @property
    def overage_rate(self) -> Money:
        return Money(self.overage_rate_minor, self.currency)

    @property
    def is_retainer(self) -> bool:
        return self.kind == "retainer"
