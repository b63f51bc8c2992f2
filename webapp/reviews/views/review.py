"""A review's page, for both sides: its time, its agenda, and what it came to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp import clock
from webapp.access import SIGNED_IN, Role, allow
from webapp.booking.models import SlotTaken
from webapp.booking.picker import picking
from webapp.db import session
from webapp.reviews.agenda import FOCUS, agenda_for
from webapp.reviews.forms import SummaryForm, TimeForm
from webapp.reviews.models import IllegalReview, Review
from webapp.reviews.times import free_between
from webapp.reviews.views.room import CHOOSE_ITS_TIME, RUN_IT, blueprint, must_be
from webapp.web import chosen_zone

DAYS_TO_CHOOSE_FROM = timedelta(days=14)


def _found(review_id: uuid.UUID) -> Review:
    """The viewer's review, or 404."""
    mine = Review.visible_to(current_user).where(Review.id == review_id)
    return session.scalar(mine) or abort(404)


@blueprint.get("/reviews/<uuid:review_id>")
@allow(SIGNED_IN)
def review(review_id: uuid.UUID) -> ResponseReturnValue:
    return _page(_found(review_id))


@blueprint.post("/reviews/<uuid:review_id>/held")
@allow(Role.CONSULTANT, Role.COORDINATOR, Role.OWNER)
def hold(review_id: uuid.UUID) -> ResponseReturnValue:
    """It took place; the summary goes to the sponsor."""
    found, form = _found(review_id), SummaryForm()
    must_be(found.engagement, RUN_IT, found)
    if not form.validate():
        return _page(found, form=form), 422
    try:
        found.hold(current_user, form.summary.data or "")
    except IllegalReview as refused:
        session.rollback()
        return _page(found, form=form, refused=str(refused)), 409
    flash("The review is recorded; its summary is on its way to the sponsor.", "good")
    return _back(found)


@blueprint.post("/reviews/<uuid:review_id>/time")
@allow(Role.CONSULTANT, Role.SPONSOR, Role.LEADER, Role.COORDINATOR, Role.OWNER)
def take_time(review_id: uuid.UUID) -> ResponseReturnValue:
    """A time for a review that found none by itself."""
    found, form = _found(review_id), TimeForm()
    must_be(found.engagement, CHOOSE_ITS_TIME, found)
    times = _times(found)
    form.offer(times)
    if not form.validate():
        return _page(found, times=times, time_form=form), 422
    try:
        found.take_time(form.chosen)
    except SlotTaken:
        session.rollback()
        taken = "That time has just been taken. These are open now."
        return _page(found, refused=taken), 409
    except IllegalReview as refused:
        session.rollback()
        return _page(found, refused=str(refused)), 409
    flash("The review is booked, and invitations are on their way.", "good")
    return _back(found)


def _back(found: Review) -> Response:
    return redirect(url_for("reviews.review", review_id=found.id), 303)


def _page(
    found: Review,
    form: SummaryForm | None = None,
    times: Sequence[datetime] | None = None,
    time_form: TimeForm | None = None,
    refused: str = "",
) -> str:
    engagement = found.engagement
    actors = engagement.is_to(current_user)
    may_choose = found.state == "due" and bool(actors & CHOOSE_ITS_TIME)
    if may_choose and times is None:
        times = _times(found)
    zone = chosen_zone() or str(current_user.time_zone)
    sent = picking.instant(time_form.starts_at.data or "") if time_form else None
    return render_template(
        "reviews/review.html",
        review=found,
        engagement=engagement,
        meeting=found.booking,
        zone=zone,
        agenda=agenda_for(engagement.role),
        focus=FOCUS[engagement.role],
        runs=bool(actors & RUN_IT),
        may_choose=may_choose,
        may_move=bool(found.booking and found.booking.movable and actors & CHOOSE_ITS_TIME),
        form=form or SummaryForm(),
        month=picking.asked(times or (), zone, sent, found.due_on, name="starts_at"),
        time_form=time_form,
        refused=refused,
    )


def _times(found: Review) -> list[datetime]:
    """What may be chosen: two weeks of open times around the date it was due, from today on."""
    series = found.series
    first = max(found.due_on - timedelta(days=3), found.engagement.local_date(clock.now()))
    last = first + DAYS_TO_CHOOSE_FROM
    return free_between(found.engagement, series.when, first, last, series.minutes)
