"""Which reviews are due, derived from the database by any number of runs.

Each planner takes a constant number of statements however many engagements there are; what it
finds is done by a job each, which looks at the facts again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ARRAY, Date, Row, Text, and_, case, cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import INTERVAL

from webapp import clock, outbox
from webapp.accounts.models import Company
from webapp.booking.models import Booking
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement
from webapp.reviews.models import Review, ReviewSeries
from webapp.reviews.models.review import (
    DAYS_TO_PLACE,
    DAYS_TO_RECORD,
    LATEST_REMINDER,
    MISSED_ON_DAY,
    OPEN,
)
from webapp.reviews.rule import Rule
from webapp.reviews.times import holidays_among

MONTHS_AHEAD = 3
REMIND_BEFORE = timedelta(hours=24)
LOOK_AHEAD = timedelta(hours=48)
REVIEWED = ("onboarding", "active")
OVER = ("ended", "lost")

INSERT = text(
    "INSERT INTO review (engagement_id, month, due_on, state, summary, note)"
    " SELECT engagement_id, month, due_on, 'due', '', ''"
    " FROM unnest(CAST(:engagements AS uuid[]), CAST(:months AS date[]), CAST(:days AS date[]))"
    " AS due (engagement_id, month, due_on) ORDER BY engagement_id, month"
    " ON CONFLICT (engagement_id, month) DO NOTHING RETURNING id"
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
    """(engagement_id, month, rule, countries) of each month that has no review yet."""
    month = _months().column_valued("month")
    countries = (
        select(Consultant.country)
        .join(Assignment, Assignment.consultant_id == Consultant.id)
        .where(Assignment.engagement_id == Engagement.id)
    )
    wanted = (
        select(
            Engagement.id.label("engagement_id"),
            cast(month, Date).label("month"),
            ReviewSeries.rule,
            func.array(countries.scalar_subquery(), type_=ARRAY(Text())).label("them"),
            Company.country,
        )
        .select_from(ReviewSeries)
        .join(Engagement, Engagement.id == ReviewSeries.engagement_id)
        .outerjoin(Company, Company.id == Engagement.company_id)
        .join(month, text("true"))
        .outerjoin(Review, and_(Review.engagement_id == Engagement.id, Review.month == month))
        .where(Engagement.stage.in_(REVIEWED), Review.id.is_(None), _not_after_its_end(month))
        .order_by(Engagement.id, month)
    )
    if engagement_id:
        wanted = wanted.where(Engagement.id == engagement_id)
    return session.execute(wanted).all()


def _months() -> Any:
    """From the series' first month to three ahead of today where the client is."""
    today = func.timezone(Engagement.time_zone, clock.now())
    ahead = func.date_trunc("month", today) + text(f"interval '{MONTHS_AHEAD} months'")
    least = ReviewSeries.first_month + text(f"interval '{MONTHS_AHEAD - 1} months'")
    return func.generate_series(
        cast(ReviewSeries.first_month, Date), func.greatest(ahead, least), cast("1 month", INTERVAL)
    )


def _not_after_its_end(month: Any) -> Any:
    return or_(ReviewSeries.last_month.is_(None), cast(month, Date) <= ReviewSeries.last_month)


def _due_on(row: Row[Any]) -> date:
    month: date = row.month
    holidays = holidays_among([row.country, *row.them])
    return Rule.from_dict(row.rule).date_in(month.year, month.month, holidays)


def plan_second_tries() -> None:
    """A review that found no time is tried again each day: somebody's calendar may have opened."""
    unplaced = select(Review.id).where(Review.state == "due", Review.note != "")
    today = clock.now().date().isoformat()
    outbox.enqueue_all(_job("reviews.place", row, occurrence=today) for row in _ids(unplaced))


def plan_reminders() -> None:
    """A day before each review, for the time it now has."""
    now = clock.now()
    soon = (
        select(Review.id, Booking.starts_at)
        .join(Booking, Booking.id == Review.booking_id)
        .where(Review.state == "booked", Booking.state == "booked")
        .where(Booking.starts_at > now + LATEST_REMINDER, Booking.starts_at <= now + LOOK_AHEAD)
    )
    outbox.enqueue_all(
        ("reviews.remind", [str(row.id), at], f"reviews.remind:{row.id}:{at}",
         row.starts_at - REMIND_BEFORE)
        for row in session.execute(soon)
        for at in [row.starts_at.isoformat()]
    )  # fmt: skip


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
