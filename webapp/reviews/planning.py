"""What is due about reviews, derived from the database by any number of runs.

Each planner takes a constant number of statements however many engagements there are; what it
finds is done by a job each, which looks at the facts again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, Select, and_, case, cast, exists, func, or_, select, text

from webapp import clock, outbox
from webapp.booking.models import Booking
from webapp.db import session
from webapp.engagements.models import Engagement, Pause, StageChange, TermsChange
from webapp.reviews import due
from webapp.reviews.models import Review
from webapp.reviews.models.review import (
    BUSINESS_DAYS_TO_RECORD,
    DAYS_TO_PLACE,
    MISSED_ON_DAY,
    OPEN,
)

OVER = ("ended", "lost")
# From here on a month without a time for its review worries its consultant.
UNBOOKED_ON_DAY = 10
LOOKED_BACK = timedelta(days=75)


def plan_reviews(engagement_id: uuid.UUID | None = None) -> None:
    """Fill every missing month up to three ahead; each new review is then placed by a job."""
    if due.behind(engagement_id):
        due.fill(engagement_id)


def plan_search_for_holes() -> None:
    """Once a day: whatever took a review away, its month is filled again."""
    outbox.enqueue("reviews.search_for_holes", key=f"reviews.search_for_holes:{_today()}")


def plan_second_tries() -> None:
    """A review that found no time is tried again each day: somebody's calendar may have opened."""
    unplaced = select(Review.id).where(Review.state == "due", Review.note != "")
    outbox.enqueue_all(_job("reviews.place", row, occurrence=_today()) for row in _ids(unplaced))


def plan_unbooked() -> None:
    """Reviews that the 10th of their month finds without a time."""
    unbooked = (
        select(Review.id)
        .join(Engagement, Engagement.id == Review.engagement_id)
        .where(Review.state == "due", Review.month <= _latest_today())
        .where(Engagement.stage.not_in(OVER))
        .where(_local_today() >= Review.month + (UNBOOKED_ON_DAY - 1))
    )
    outbox.enqueue_all(_job("reviews.worry", row) for row in _ids(unbooked))


def plan_missed() -> None:
    """Reviews that the 25th of their month finds neither held nor ahead.

    Weekends and holidays, which give people longer to record one, are counted by its job.
    """
    met_on = cast(func.timezone(Engagement.time_zone, Booking.starts_at), Date)
    placed = Review.due_on + DAYS_TO_PLACE.days
    settled = case((Booking.id.is_(None), placed), else_=met_on + BUSINESS_DAYS_TO_RECORD)
    overdue = (
        select(Review.id)
        .join(Engagement, Engagement.id == Review.engagement_id)
        .outerjoin(Booking, Booking.id == Review.booking_id)
        .where(Review.state.in_(OPEN), Review.month <= _latest_today())
        .where(_local_today() >= settled, _local_today() >= Review.month + (MISSED_ON_DAY - 1))
    )
    outbox.enqueue_all(_job("reviews.miss", row, occurrence=_today()) for row in _ids(overdue))


def plan_look_for_called_off() -> None:
    """Once a day: a month whose review was called off must not go by in silence."""
    outbox.enqueue("reviews.look_for_called_off", key=f"reviews.look_for_called_off:{_today()}")


def plan_called_off() -> None:
    """Those not booked again: for the consultants in their month, then for the coordinators."""
    for row in session.execute(_called_off()):
        task = "reviews.tell_lost" if row.over else "reviews.worry"
        outbox.enqueue(task, row.id, key=f"{task}:{row.id}:{row.sequence}")


def _called_off() -> Select[Any]:
    """Of this month and the two before: (id, sequence of the meeting, whether the month is over).

    From the 10th on, and two days after they were called off, or with the month's last three.
    """
    off_on = cast(func.timezone(Engagement.time_zone, Booking.changed_at), Date)
    next_month = cast(Review.month + text("interval '1 month'"), Date)
    worrying = func.greatest(
        Review.month + (UNBOOKED_ON_DAY - 1), func.least(off_on + 2, next_month - 3)
    )
    return (
        select(Review.id, Booking.sequence, (_local_today() >= next_month).label("over"))
        .join(Engagement, Engagement.id == Review.engagement_id)
        .join(Booking, Booking.id == Review.booking_id)
        .where(Review.state == "cancelled", ~Review.suspended, Booking.state == "cancelled")
        .where(Review.month.between(_latest_today() - LOOKED_BACK, _latest_today()))
        .where(_reached(Review.due_on), Engagement.stage.not_in(OVER))
        .where(_local_today() >= worrying)
    )


def plan_suspensions() -> None:
    """Reviews ahead that their engagement does not reach: it pauses, or ends before them."""
    unreached = (
        _with_stage_number()
        .outerjoin(Booking, Booking.id == Review.booking_id)
        .where(Review.state.in_(OPEN), ~_reached(_meets_on()))
        .where(or_(Booking.id.is_(None), Booking.starts_at > clock.now()))
    )
    outbox.enqueue_all(
        _job("reviews.suspend", row.id, f"{row.stage_number}:{row.booking_id}")
        for row in session.execute(unreached)
    )


def plan_returns() -> None:
    """Suspended reviews whose date the engagement reaches after all."""
    back = (
        _with_stage_number()
        .outerjoin(Booking, Booking.id == Review.booking_id)
        .where(Review.suspended, Review.state == "cancelled")
        .where(_reached(Review.due_on), _reached(_meets_on()))
        .where(Review.due_on >= _local_today(), Engagement.stage.not_in(OVER))
    )
    outbox.enqueue_all(
        _job("reviews.restore", row.id, f"{row.stage_number}:{row.booking_id}")
        for row in session.execute(back)
    )


def plan_cancellations() -> None:
    """Reviews that stand although their engagement is over."""
    left = (
        select(Review.id)
        .join(Engagement, Engagement.id == Review.engagement_id)
        .where(Review.state.in_(OPEN), Engagement.stage.in_(OVER))
    )
    outbox.enqueue_all(_job("reviews.cancel", row) for row in _ids(left))


def _meets_on() -> Any:
    """The local date of a review's meeting, which people may have moved; without one, its own."""
    moved_to = cast(func.timezone(Engagement.time_zone, Booking.starts_at), Date)
    return case((Booking.id.is_(None), Review.due_on), else_=moved_to)


def _reached(day: Any) -> Any:
    """Whether the engagement is under way on that day."""
    before_its_end = and_(Engagement.stage == "ending", day < Engagement.ends_on)
    pauses = Pause.engagement_id == Engagement.id
    goes_on = and_(Engagement.stage == "paused", exists().where(pauses, Pause.state == "running"))
    covered = day.between(Pause.starts, Pause.ends - 1)
    paused = exists().where(pauses, Pause.state != "withdrawn", covered)
    running = Engagement.stage.in_(("onboarding", "active", *OVER))
    return and_(or_(running, before_its_end, goes_on), ~paused)


def _with_stage_number() -> Select[Any]:
    """Reviews with the number of steps and changes of their engagement: what is done once for
    each."""
    steps = select(func.count()).where(StageChange.engagement_id == Engagement.id)
    changes = select(func.count()).where(TermsChange.engagement_id == Engagement.id)
    number = steps.scalar_subquery() + changes.scalar_subquery()
    columns = (Review.id, Review.booking_id, number.label("stage_number"))
    return select(*columns).join(Engagement, Engagement.id == Review.engagement_id)


def _local_today() -> Any:
    return cast(func.timezone(Engagement.time_zone, clock.now()), Date)


def _latest_today() -> date:
    """Where it is latest: no engagement's own date is after it, so that indexes may cut there."""
    return (clock.now() + due.FURTHEST_AHEAD).date()


def _today() -> str:
    return clock.now().date().isoformat()


def _ids(query: Any) -> Iterable[uuid.UUID]:
    return session.scalars(query).all()


def _job(task: str, review_id: uuid.UUID, occurrence: str = "") -> tuple[str, list[Any], str, None]:
    key = ":".join(filter(None, [task, str(review_id), occurrence]))
    return task, [str(review_id)], key, None
