"""Codes with which a client pays less: made by the firm, ended and never deleted."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from webapp import audit, clock
from webapp.db import Base, Identified, Minor, session
from webapp.engagements.models import Engagement, Terms
from webapp.money import Money

UNUSED_STAGES = ("enquiry", "lost")


class CouponRefused(ValueError):
    """The code cannot be used; the message says why, for the client to read."""


class Coupon(Identified, Base):
    """percent, or amount_minor of `currency`, off each month; months: of the first so many, None:
    of all. last_on: the last day on which it can be typed; most_uses: by so many engagements."""

    __tablename__ = "coupon"

    code: Mapped[str] = mapped_column(unique=True)
    percent: Mapped[int] = mapped_column(default=0)
    amount_minor: Mapped[Minor] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(default="")
    months: Mapped[int | None]
    last_on: Mapped[date | None]
    most_uses: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (
        CheckConstraint("code = upper(code)", name="code"),
        CheckConstraint(
            "(percent BETWEEN 1 AND 100 AND amount_minor = 0 AND currency = '')"
            " OR (percent = 0 AND amount_minor > 0 AND currency <> '')",
            name="either",
        ),
        CheckConstraint("months > 0", name="months"),
        CheckConstraint("most_uses > 0", name="most_uses"),
    )

    @classmethod
    def with_code(cls, typed: str) -> Coupon | None:
        """Capitals and surrounding space are not minded."""
        found: Coupon | None = session.scalar(select(cls).where(cls.code == typed.strip().upper()))
        return found

    @property
    def amount(self) -> Money | None:
        return Money(self.amount_minor, self.currency) if self.amount_minor else None

    @property
    def state(self) -> str:
        """'ended', 'over' (its last day has passed) or 'open'."""
        if self.ended_at:
            return "ended"
        return "over" if self.last_on and self.last_on < clock.now().date() else "open"

    @property
    def uses(self) -> int:
        return uses_of([self.code]).get(self.code, 0)

    def end(self) -> None:
        """Nobody can type it any more; who has, keeps it."""
        if self.ended_at is None:
            self.ended_at = clock.now()
            audit.record("coupon.ended", self, code=self.code)

    def apply(self, engagement: Engagement) -> None:
        """Let a signed engagement have it: a fact of its terms from here on. Raises CouponRefused.

        Locked, so that the last use goes to one engagement only.
        """
        session.refresh(self, with_for_update=True)
        terms = engagement.terms
        if terms.coupon_code == self.code:
            return
        self._check(engagement)
        terms.coupon_code, terms.discount_percent = self.code, self.percent
        terms.discount_minor, terms.discount_months = self.amount_minor, self.months
        terms.booking_discount_minor = terms.monthly_discount.minor
        session.flush()
        audit.record("coupon.used", engagement, code=self.code)

    def _check(self, engagement: Engagement) -> None:
        today = engagement.local_date(clock.now())
        if self.ended_at or (self.last_on and self.last_on < today):
            raise CouponRefused("This code is over.")
        if self.most_uses and self.uses >= self.most_uses:
            raise CouponRefused("This code has been used up.")
        if self.currency and self.currency != engagement.terms.currency:
            raise CouponRefused(f"This code is for prices in {self.currency}.")
        if self.amount_minor >= engagement.terms.price_minor:
            raise CouponRefused("This code is for offerings that cost more.")


def drop_coupon(engagement: Engagement) -> None:
    """Pay the full price after all."""
    terms = engagement.terms
    if terms.coupon_code:
        audit.record("coupon.dropped", engagement, code=terms.coupon_code)
    terms.coupon_code, terms.discount_months = "", None
    terms.discount_percent = terms.discount_minor = terms.booking_discount_minor = 0


def uses_of(codes: list[str]) -> dict[str, int]:
    """By how many engagements each code is used; a booking that was lost gives it back."""
    rows = select(Terms.coupon_code, func.count(Terms.engagement_id.distinct()))
    rows = rows.join(Engagement, Engagement.id == Terms.engagement_id)
    rows = rows.where(Terms.coupon_code.in_(codes), Engagement.stage.not_in(UNUSED_STAGES))
    return {row[0]: row[1] for row in session.execute(rows.group_by(Terms.coupon_code))}
