"""A review series: on which day of each month an engagement is reviewed, and at what time."""

from __future__ import annotations

import uuid
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock
from webapp.booking.models import REVIEW_MINUTES
from webapp.db import Base, Identified, session
from webapp.engagements.models import Engagement
from webapp.reviews.rule import DayOfMonth, Rule
from webapp.reviews.times import holidays_of, usual_time

# A week before the next month is charged: whoever pays has just seen what the last one brought.
BEFORE_RENEWAL = timedelta(weeks=1)
# A review sooner after the kick-off would have nothing to look back on.
FIRST_AFTER = timedelta(days=18)
USUALLY_AT = time(10)


class ReviewSeries(Identified, Base):
    """rule: reviews.rule.Rule as a dict (with local time and zone); minutes: length of a review.

    first_month and last_month (None while it runs) are first days of months.
    """

    __tablename__ = "review_series"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), unique=True)
    rule: Mapped[dict[str, Any]]
    minutes: Mapped[int] = mapped_column(default=REVIEW_MINUTES)
    first_month: Mapped[date]
    last_month: Mapped[date | None]
    engagement: Mapped[Engagement] = relationship()

    __table_args__ = (
        CheckConstraint("extract(day from first_month) = 1", name="first_month"),
        CheckConstraint("extract(day from last_month) = 1", name="last_month"),
    )

    @classmethod
    def of(cls, engagement_id: uuid.UUID) -> ReviewSeries | None:
        found: ReviewSeries | None = session.scalar(
            select(cls).where(cls.engagement_id == engagement_id)
        )
        return found

    @classmethod
    def begin(cls, engagement: Engagement) -> None:
        """Review a retainer each month on the day of its kick-off; once, however often asked.

        At 10:00 where the client is, or as near to that as its consultants work.
        """
        if not engagement.terms.is_retainer:
            return
        rule = _default_rule(engagement)
        row = insert(cls).values(
            engagement_id=engagement.id, rule=rule.as_dict(), minutes=REVIEW_MINUTES,
            first_month=_first_month(engagement, rule),
        )  # fmt: skip
        new = row.on_conflict_do_nothing(index_elements=["engagement_id"]).returning(cls.id)
        series_id = session.scalar(new)
        if series_id:
            audit.record("review_series.begun", f"review_series:{series_id}", rule=rule.as_dict())

    def end(self) -> None:
        """No review after this month."""
        self.last_month = self.engagement.local_date(clock.now()).replace(day=1)

    @property
    def when(self) -> Rule:
        return Rule.from_dict(self.rule)


def _default_rule(engagement: Engagement) -> Rule:
    day = (engagement.kick_off_on - BEFORE_RENEWAL).day
    usual = Rule(DayOfMonth(day), USUALLY_AT, engagement.time_zone)
    first = _first_date(engagement, usual)
    return Rule(usual.on, usual_time(engagement, usual, first), usual.time_zone)


def _first_month(engagement: Engagement, rule: Rule) -> date:
    return _first_date(engagement, rule).replace(day=1)


def _first_date(engagement: Engagement, rule: Rule) -> date:
    dates = rule.months(engagement.kick_off_on, 3, holidays_of(engagement))
    earliest = engagement.kick_off_on + FIRST_AFTER
    return next(day for day in dates if day >= earliest)
