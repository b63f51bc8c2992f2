"""Terms: what was agreed, copied from the offering, dated; a change is a new row."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Self

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.catalog.models import Offering
from webapp.catalog.priced import Priced
from webapp.db import Base, Identified, Minor
from webapp.money import Money

COPIED = (
    "name", "role", "kind", "currency", "price_minor", "deposit_minor", "diagnostic_fee_minor",
    "overage_rate_minor", "included_minutes", "days_per_month", "weeks", "minimum_months",
    "notice_days", "full_refund_days", "late_refund_percent",
)  # fmt: skip


class Terms(Identified, Priced, Base):
    """Refunds as days and percent.

    coupon_code: the code used at booking, or ''. It takes discount_percent or discount_minor off
    each of the first discount_months months (None: off all), and booking_discount_minor at booking.
    """

    __tablename__ = "terms"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    valid_from: Mapped[date]
    name: Mapped[str]
    role: Mapped[str]
    included_minutes: Mapped[int]
    days_per_month: Mapped[int]
    weeks: Mapped[int | None]
    minimum_months: Mapped[int]
    notice_days: Mapped[int]
    full_refund_days: Mapped[int]
    late_refund_percent: Mapped[int]
    coupon_code: Mapped[str] = mapped_column(default="", server_default="")
    discount_percent: Mapped[int] = mapped_column(default=0, server_default="0")
    discount_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")
    discount_months: Mapped[int | None]
    booking_discount_minor: Mapped[Minor] = mapped_column(default=0, server_default="0")

    __table_args__ = (UniqueConstraint("engagement_id", "valid_from"),)

    @classmethod
    def of(cls, offering: Offering, valid_from: date) -> Self:
        """A copy, so that editing the offering never touches what was sold."""
        return cls(valid_from=valid_from, **{name: getattr(offering, name) for name in COPIED})

    def keep_code(self, before: Terms) -> None:
        """The code used at booking takes off the same of this plan, for as long as it was good."""
        self.coupon_code, self.discount_months = before.coupon_code, before.discount_months
        self.discount_percent = before.discount_percent
        self.discount_minor = before.discount_minor

    def discounted(self, month: int) -> bool:
        """Whether the code takes something off that month, the first being 1."""
        months = self.discount_months
        return bool(self.coupon_code) and (months is None or month <= months)

    @property
    def monthly_discount(self) -> Money:
        """Off each month that the coupon is good for; never more than the month costs."""
        off = self.price.percent(self.discount_percent).minor + self.discount_minor
        return Money(min(off, self.price_minor), self.currency)

    @property
    def booking_discount(self) -> Money:
        return Money(self.booking_discount_minor, self.currency)

    @property
    def due_at_booking(self) -> Money:
        return super().due_at_booking - self.booking_discount
