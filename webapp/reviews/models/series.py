"""A review series: on which day of each month an engagement is reviewed, and at what time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.booking.models import REVIEW_MINUTES
from webapp.db import Base, Identified, session
from webapp.engagements.models import Engagement
from webapp.reviews.rule import DayOfMonth, Rule
from webapp.reviews.times import holidays_of
from webapp.reviews.usual import usual_time

if TYPE_CHECKING:
    from webapp.reviews.models.review import Review

# Whoever fills series, or changes one, holds this (pg_advisory_xact_lock).
PLANNER_LOCK = 5_206_417
# A week before the next month is charged: whoever pays has just seen what the last one brought.
BEFORE_RENEWAL = timedelta(weeks=1)
# A review sooner after the kick-off would have nothing to look back on.
FIRST_AFTER = timedelta(days=18)
NOTHING = date(1900, 1, 1)
RUNS = "last_month IS NULL"


class ReviewSeries(Identified, Base):
    """rule: reviews.rule.Rule as a dict (with local time and zone); minutes: length of a review.

    first_month and last_month (None while it runs) are first days of months, and so is
    planned_through: every month up to it has its review, as far as the planner knows. revision:
    how often the rule was changed.
    """

    __tablename__ = "review_series"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), unique=True)
    rule: Mapped[dict[str, Any]]
    minutes: Mapped[int] = mapped_column(default=REVIEW_MINUTES)
    first_month: Mapped[date]
    last_month: Mapped[date | None]
    planned_through: Mapped[date] = mapped_column(
        default=NOTHING, server_default=text(f"'{NOTHING}'")
    )
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    engagement: Mapped[Engagement] = relationship()

    __table_args__ = (
        CheckConstraint("extract(day from first_month) = 1", name="first_month"),
        CheckConstraint("extract(day from last_month) = 1", name="last_month"),
        # A planner with nothing to do reads none of the series.
        Index("ix_review_series_behind", "planned_through", postgresql_where=text(RUNS)),
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

        At a time of the client's day at which its consultants work all year: see `usual_time`.
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

    def lock(self) -> ReviewSeries:
        """Hold it until the transaction ends, with the planners kept from filling it, afresh."""
        session.execute(select(func.pg_advisory_xact_lock(PLANNER_LOCK)))
        session.refresh(self, with_for_update=True)
        return self

    def change(self, rule: Rule, redated: Mapping[Review, date]) -> None:
        """Follow another rule from here on; redated: the reviews that go along, with their dates.

        Locked before. A job moves them, or finds them a time, and then tells both sides.
        """
        before, self.rule = self.rule, rule.as_dict()
        self.revision += 1
        dates = {f"{review.month:%Y-%m}": on.isoformat() for review, on in redated.items()}
        audit.record("review_series.changed", self, before=before, rule=self.rule, dates=dates)
        for review, on in redated.items():
            review.due_on = on
        moved = [str(review.id) for review in sorted(redated, key=lambda review: review.month)]
        key = f"reviews.follow_rule:{self.id}:{self.revision}"
        outbox.enqueue("reviews.follow_rule", self.id, self.revision, moved, key=key)

    @property
    def when(self) -> Rule:
        return Rule.from_dict(self.rule)


def _default_rule(engagement: Engagement) -> Rule:
    day = (engagement.kick_off_on - BEFORE_RENEWAL).day
    return Rule(DayOfMonth(day), usual_time(engagement), engagement.time_zone)


def _first_month(engagement: Engagement, rule: Rule) -> date:
    return _first_date(engagement, rule).replace(day=1)


def _first_date(engagement: Engagement, rule: Rule) -> date:
    dates = rule.months(engagement.kick_off_on, 3, holidays_of(engagement))
    earliest = engagement.kick_off_on + FIRST_AFTER
    return next(day for day in dates if day >= earliest)
