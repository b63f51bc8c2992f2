"""An engagement under review: it was kicked off on 10 September 2026, a Thursday."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select

from tests import make
from tests.elsewhere import elsewhere
from webapp.booking.models import Booking
from webapp.db import session, transaction
from webapp.engagements.models import Engagement
from webapp.outbox import Job
from webapp.reviews.models import Review, ReviewSeries
from workers import plan

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
KICKOFF = datetime(2026, 9, 10, 14, 0, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
# The 3rd of October is a Saturday, so it is on the 5th; ten in New York is 14:00 in UTC.
FIRST = datetime(2026, 10, 5, 14, 0, tzinfo=UTC)


@pytest.fixture
def at_work(app: Flask, set_clock: Callable[[datetime], None]) -> None:
    set_clock(NOW)


@pytest.fixture
def engagement(at_work: None) -> Engagement:
    """New York meets London; both sides' holidays count. Committed."""
    return kicked_off(KICKOFF)


def kicked_off(starts_at: datetime, **values: Any) -> Engagement:
    company = values.pop("company", None) or make.company(name="Northwind", country="US")
    held = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)}
    made = make.engagement(company=company, kick_off_on=starts_at.date(), hold=held, **values)
    session.commit()
    return made


def begin(engagement: Engagement) -> ReviewSeries:
    """Its series, committed; nothing is planned yet."""
    with transaction():
        ReviewSeries.begin(engagement)
    found = ReviewSeries.of(engagement.id)
    assert found is not None
    return found


def begin_on(engagement: Engagement, day: int, first_month: date) -> ReviewSeries:
    """Its series, on another day of the month than the usual one, committed."""
    series = begin(engagement)
    series.rule = {**series.rule, "day": day}
    series.first_month = first_month
    session.commit()
    return series


def run_planners() -> None:
    """As beat's task does, in a thread with a session of its own."""
    session.commit()
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> None:
        with app.app_context():
            plan.everything()

    elsewhere(run)
    session.rollback()


def reviews(engagement: Engagement) -> list[Review]:
    session.rollback()
    ours = select(Review).where(Review.engagement_id == engagement.id)
    return list(session.scalars(ours.order_by(Review.month)))


def months(engagement: Engagement) -> list[date]:
    return [review.month for review in reviews(engagement)]


def jobs(task: str) -> int:
    return session.scalar(select(func.count()).select_from(Job).where(Job.task == task)) or 0


def only(engagement: Engagement, month: date) -> Review:
    [found] = [review for review in reviews(engagement) if review.month == month]
    return found


@pytest.fixture
def planned(engagement: Engagement, drain: Callable[[], int]) -> Engagement:
    """Its first three reviews are in both calendars."""
    begin(engagement)
    run_planners()
    drain()
    return engagement


def booking_of(review: Review) -> Booking:
    assert review.booking is not None
    return review.booking
