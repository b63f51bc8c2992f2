"""Which months a review is missing for: the series that are behind, and the dates to give them.

The database works over sets: it names the different days that rules and holidays ask for, Python
dates each of those once, and one statement inserts the reviews, their jobs, and how far each
series has come. So there are as many statements for one engagement as for a hundred thousand, and
an index that holds only the series that are behind makes a run without work one short look.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    Date,
    Row,
    Text,
    Uuid,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from webapp import clock, outbox
from webapp.db import session
from webapp.reviews.models import Review, ReviewSeries
from webapp.reviews.models.series import NOTHING, PLANNER_LOCK
from webapp.reviews.rule import day_in
from webapp.reviews.times import holidays_among

MONTHS_AHEAD = 3
# The month turns first where clocks are furthest ahead; all series are filled from then on.
FURTHEST_AHEAD = timedelta(hours=14)
REVIEWED = ("onboarding", "active", "paused", "ending")

# day: the part of the rule that a date depends on; regions: the countries whose holidays count.
DUE = text(
    """
    SELECT series.id AS series_id, engagement.id AS engagement_id, engagement.stage,
           engagement.ends_on, series.rule - 'at' - 'time_zone' AS day,
           to_jsonb(array_append(ARRAY(
               SELECT DISTINCT consultant.country FROM assignment
               JOIN consultant ON consultant.id = assignment.consultant_id
               WHERE assignment.engagement_id = engagement.id ORDER BY 1
           ), company.country)) AS regions,
           CAST(missing.month AS date) AS month
    FROM review_series AS series
    JOIN engagement ON engagement.id = series.engagement_id
    LEFT JOIN company ON company.id = engagement.company_id
    CROSS JOIN LATERAL generate_series(
        greatest(CAST(series.planned_through + interval '1 month' AS timestamp),
                 CAST(series.first_month AS timestamp)),
        greatest(CAST(CAST(:horizon AS date) AS timestamp),
                 series.first_month + interval '2 months'),
        interval '1 month'
    ) AS missing (month)
    WHERE series.last_month IS NULL AND series.planned_through < CAST(:horizon AS date)
      AND engagement.stage = ANY(:stages)
      AND (CAST(:only AS uuid) IS NULL OR engagement.id = :only)
    """
)


def behind(engagement_id: uuid.UUID | None) -> bool:
    """Whether any series lacks months, and this run is the one to fill them.

    Of several planners at once the first does all of it: each takes the lock for itself alone.
    """
    if not session.scalar(select(select(_due(engagement_id)).exists())):
        return False
    if engagement_id:
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(PLANNER_LOCK))))


def fill(engagement_id: uuid.UUID | None) -> None:
    """Insert what is missing, each with a job that places it."""
    due = _due(engagement_id)
    dates = [
        {"day": row.day, "regions": row.regions, "month": f"{row.month}", "due_on": f"{on}"}
        for row in session.execute(select(due.c.day, due.c.regions, due.c.month).distinct())
        for on in [_due_on(row)]
    ]
    new = _inserted(due, dates)
    placed = select(new.c.id).where(new.c.state == "due").add_cte(_come_so_far(due))
    outbox.enqueue_each("reviews.place", placed)


def horizon() -> date:
    """The month three ahead of the one that it is anywhere on earth."""
    now = clock.now() + FURTHEST_AHEAD
    years, month = divmod(now.month - 1 + MONTHS_AHEAD, 12)
    return date(now.year + years, month + 1, 1)


def _due(engagement_id: uuid.UUID | None) -> CTE:
    columns = {
        "series_id": Uuid, "engagement_id": Uuid, "stage": Text, "ends_on": Date,
        "day": JSONB, "regions": JSONB, "month": Date,
    }  # fmt: skip
    values = {"horizon": horizon(), "stages": list(REVIEWED), "only": engagement_id}
    return DUE.bindparams(**values).columns(**columns).cte("due")


def _due_on(row: Row[Any, Any, Any]) -> date:
    month: date = row.month
    return day_in(row.day, month.year, month.month, holidays_among(row.regions))


def _inserted(due: CTE, dates: Sequence[dict[str, Any]]) -> CTE:
    """The new reviews, (id, state). A month that has one already keeps it."""
    found = (
        func.jsonb_to_recordset(cast(literal(dates, JSONB), JSONB))
        .table_valued(
            column("day", JSONB), column("regions", JSONB), column("month", Date),
            column("due_on", Date), name="found",
        )
        .render_derived(with_types=True)
    )  # fmt: skip
    beyond = or_(
        due.c.stage == "paused",
        and_(due.c.stage == "ending", found.c.due_on >= due.c.ends_on),
    )
    rows = (
        select(
            due.c.engagement_id, due.c.month, found.c.due_on,
            case((beyond, "cancelled"), else_="due"), func.coalesce(beyond, False),
            literal(""), literal(""), literal(0),
        )
        .join(found, and_(found.c.day == due.c.day, found.c.regions == due.c.regions,
                          found.c.month == due.c.month))
        .order_by(due.c.engagement_id, due.c.month)
    )  # fmt: skip
    names = [
        "engagement_id", "month", "due_on", "state", "suspended", "summary", "note",
        "placed_sequence",
    ]  # fmt: skip
    new = insert(Review).from_select(names, rows, include_defaults=False)
    kept = new.on_conflict_do_nothing(index_elements=["engagement_id", "month"])
    return kept.returning(Review.id, Review.state).cte("new")


def _come_so_far(due: CTE) -> CTE:
    """Note on each series that it is filled up to its last missing month."""
    far = (
        select(due.c.series_id, func.max(due.c.month).label("month"))
        .group_by(due.c.series_id)
        .subquery("far")
    )
    row = update(ReviewSeries).where(ReviewSeries.id == far.c.series_id)
    done = row.values(planned_through=far.c.month).returning(ReviewSeries.id)
    return done.execution_options(synchronize_session=False).cte("come_so_far")


def rewind() -> None:
    """Let series with a hole, whatever made it, be filled from their first month again."""
    there = (
        select(func.count())
        .where(Review.engagement_id == ReviewSeries.engagement_id)
        .where(Review.month.between(ReviewSeries.first_month, ReviewSeries.planned_through))
        .scalar_subquery()
    )
    span = func.age(ReviewSeries.planned_through, ReviewSeries.first_month)
    expected = 1 + 12 * func.date_part("year", span) + func.date_part("month", span)
    series = update(ReviewSeries).where(
        ReviewSeries.last_month.is_(None),
        ReviewSeries.planned_through >= ReviewSeries.first_month,
        there < expected,
    )
    session.execute(
        series.values(planned_through=NOTHING), execution_options={"synchronize_session": False}
    )
