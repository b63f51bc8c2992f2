"""Which reviews are due, derived from the database by any number of runs.

Each planner takes a constant number of statements however many engagements there are; what it
finds is done by a job each, which looks at the facts again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Date, Row, case, cast, func, select, text

from webapp import clock, outbox
from webapp.booking.models import Booking
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.reviews.models import Review
from webapp.reviews.models.review import (
    DAYS_TO_PLACE,
    DAYS_TO_RECORD,
    MISSED_ON_DAY,
    OPEN,
)
from webapp.reviews.rule import Rule
from webapp.reviews.times import holidays_among

MONTHS_AHEAD = 3
REVIEWED = ("onboarding", "active")
OVER = ("ended", "lost")

MISSING = text(
    """
    SELECT engagement.id AS engagement_id, CAST(months.month AS date) AS month,
           review_series.rule, company.country,
           ARRAY(SELECT consultant.country FROM assignment
                 JOIN consultant ON consultant.id = assignment.consultant_id
                 WHERE assignment.engagement_id = engagement.id) AS countries
    FROM review_series
    JOIN engagement ON engagement.id = review_series.engagement_id
    LEFT JOIN company ON company.id = engagement.company_id
    CROSS JOIN LATERAL generate_series(
        CAST(review_series.first_month AS timestamp),
        greatest(
            date_trunc('month', :now AT TIME ZONE engagement.time_zone) + CAST(:ahead AS interval),
            review_series.first_month + CAST(:at_least AS interval)
        ),
        interval '1 month'
    ) AS months (month)
    WHERE engagement.stage = ANY(:stages)
      AND (review_series.last_month IS NULL OR months.month <= review_series.last_month)
      AND (CAST(:only AS uuid) IS NULL OR engagement.id = :only)
      AND NOT EXISTS (SELECT FROM review WHERE review.engagement_id = engagement.id
                      AND review.month = CAST(months.month AS date))
    ORDER BY engagement.id, months.month
    """
)
INSERT = text(
    """
    INSERT INTO review (engagement_id, month, due_on, state, summary, note)
    SELECT engagement_id, month, due_on, 'due', '', ''
    FROM unnest(CAST(:engagements AS uuid[]), CAST(:months AS date[]), CAST(:days AS date[]))
         AS due (engagement_id, month, due_on)
    ORDER BY engagement_id, month
    ON CONFLICT (engagement_id, month) DO NOTHING
    RETURNING id
    """
)


def plan_reviews(engagement_id: uuid.UUID | None = None) -> None:
    """Fill every missing month up to three ahead; each new review is then placed by a job."""
    rows = _missing(engagement_id)
    if not rows:
        return
    columns = {
        "engagements": [row.engagement_id for row in rows],
        "months": [row.month for row in rows],
        "days": [_due_on(row) for row in rows],
    }
    new = session.scalars(INSERT, columns)
    outbox.enqueue_all(_job("reviews.place", review_id) for review_id in new)


def _missing(engagement_id: uuid.UUID | None) -> Sequence[Row[Any]]:
    """(engagement_id, month, rule, country, countries) of each month without a review, from the
    series' first to three ahead of today where the client is."""
    values = {
        "now": clock.now(),
        "ahead": f"{MONTHS_AHEAD} months",
        "at_least": f"{MONTHS_AHEAD - 1} months",
        "stages": list(REVIEWED),
        "only": engagement_id,
    }
    return session.execute(MISSING, values).all()


def _due_on(row: Row[Any]) -> date:
    month: date = row.month
    holidays = holidays_among([row.country, *row.countries])
    return Rule.from_dict(row.rule).date_in(month.year, month.month, holidays)


def plan_second_tries() -> None:
    """A review that found no time is tried again each day: somebody's calendar may have opened."""
    unplaced = select(Review.id).where(Review.state == "due", Review.note != "")
    today = clock.now().date().isoformat()
    outbox.enqueue_all(_job("reviews.place", row, occurrence=today) for row in _ids(unplaced))


def plan_missed() -> None:
    """Reviews that the 25th of their month finds neither held nor ahead."""
    today = cast(func.timezone(Engagement.time_zone, clock.now()), Date)
    met_on = cast(func.timezone(Engagement.time_zone, Booking.starts_at), Date)
    placed = Review.due_on + DAYS_TO_PLACE.days
    settled = case((Booking.id.is_(None), placed), else_=met_on + DAYS_TO_RECORD.days)
    overdue = (
        select(Review.id)
        .join(Engagement, Engagement.id == Review.engagement_id)
        .outerjoin(Booking, Booking.id == Review.booking_id)
        .where(Review.state.in_(OPEN))
        .where(today >= settled, today >= Review.month + (MISSED_ON_DAY - 1))
    )
    day = clock.now().date().isoformat()
    outbox.enqueue_all(_job("reviews.miss", row, occurrence=day) for row in _ids(overdue))


def plan_cancellations() -> None:
    """Reviews that stand although their engagement is over."""
    left = (
        select(Review.id)
        .join(Engagement, Engagement.id == Review.engagement_id)
        .where(Review.state.in_(OPEN), Engagement.stage.in_(OVER))
    )
    outbox.enqueue_all(_job("reviews.cancel", row) for row in _ids(left))


def _ids(query: Any) -> Iterable[uuid.UUID]:
    return session.scalars(query).all()


def _job(task: str, review_id: uuid.UUID, occurrence: str = "") -> tuple[str, list[Any], str, None]:
    key = ":".join(filter(None, [task, str(review_id), occurrence]))
    return task, [str(review_id)], key, None
