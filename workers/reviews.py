"""Reviews: the monthly series, its invitations, what became of each."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from webapp.booking.outside.busy import wait_until_read
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.reviews import due, planning, rule_mails
from webapp.reviews.models import Review, ReviewSeries
from webapp.reviews.models.review import OPEN
from workers.job import task
from workers.plan import planner


def _review(review_id: str) -> Review:
    return session.get_one(Review, uuid.UUID(review_id))


def _with_calendars_read(review_id: str) -> Review:
    """For work that finds it a time."""
    review = _review(review_id)
    wait_until_read([row.consultant_id for row in review.engagement.assignments])
    return review


@task("reviews.begin_series")
def begin_series(engagement_id: str) -> None:
    engagement = session.get_one(Engagement, uuid.UUID(engagement_id))
    ReviewSeries.begin(engagement)
    planning.plan_reviews(engagement.id)


@task("reviews.place")
def place(review_id: str) -> None:
    _with_calendars_read(review_id).place()


@task("reviews.follow_rule")
def follow_rule(series_id: str, revision: int, review_ids: list[str]) -> None:
    """Move what goes along, in order; only then is it known what to tell both sides.

    Overtaken by another change, that one's job does it all.
    """
    series = session.get_one(ReviewSeries, uuid.UUID(series_id))
    if series.revision != revision:
        return
    wait_until_read([row.consultant_id for row in series.engagement.assignments])
    for review_id in review_ids:
        _review(review_id).follow_rule()
    session.flush()
    rule_mails.tell_changed(series, revision)


@task("reviews.worry")
def worry(review_id: str) -> None:
    _review(review_id).worry()


@task("reviews.miss")
def miss(review_id: str) -> None:
    _review(review_id).miss()


@task("reviews.tell_lost")
def tell_lost(review_id: str) -> None:
    _review(review_id).tell_lost()


@task("reviews.suspend")
def suspend(review_id: str) -> None:
    _review(review_id).suspend()


@task("reviews.restore")
def restore(review_id: str) -> None:
    _review(review_id).restore()


@task("reviews.cancel")
def cancel(review_id: str) -> None:
    _review(review_id).cancel("The engagement has ended.")


@task("reviews.unschedule")
def unschedule(engagement_id: str) -> None:
    """The engagement is over: no further review, and those after its last day are called off."""
    engagement = session.get_one(Engagement, uuid.UUID(engagement_id))
    series = ReviewSeries.of(uuid.UUID(engagement_id))
    if series:
        series.end()
    ahead = select(Review).where(Review.engagement_id == engagement.id)
    if engagement.ends_on:
        ahead = ahead.where(Review.due_on >= engagement.ends_on)
    for review in session.scalars(ahead.where(Review.state.in_(OPEN)).order_by(Review.id)):
        review.cancel("The engagement has ended.")


@task("reviews.search_for_holes")
def search_for_holes() -> None:
    due.rewind()
    planning.plan_reviews()


@task("reviews.look_for_called_off")
def look_for_called_off() -> None:
    planning.plan_called_off()


planner("reviews.plan")(planning.plan_reviews)
planner("reviews.holes")(planning.plan_search_for_holes)
planner("reviews.second_tries")(planning.plan_second_tries)
planner("reviews.unbooked")(planning.plan_unbooked)
planner("reviews.missed")(planning.plan_missed)
planner("reviews.called_off")(planning.plan_look_for_called_off)
planner("reviews.suspensions")(planning.plan_suspensions)
planner("reviews.returns")(planning.plan_returns)
planner("reviews.cancellations")(planning.plan_cancellations)
