"""An engagement's review series: all of it on one page, and the editor of its rule."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from webapp import audit, clock
from webapp.access import SIGNED_IN, Role, allow
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement
from webapp.engagements.stages import RUNNING
from webapp.reviews import rule_mails
from webapp.reviews.changing import (
    STAYS,
    Effect,
    MonthShown,
    digest,
    never_at_work,
    preview,
    redated,
)
from webapp.reviews.explained import in_words
from webapp.reviews.forms import KIND_HELP, RuleForm
from webapp.reviews.models import Review, ReviewSeries
from webapp.reviews.rule import Rule
from webapp.reviews.views.room import ASK, RUN_IT, blueprint, must_be
from webapp.web import absolute_url


def _found(engagement_id: uuid.UUID) -> Engagement:
    """The viewer's engagement, with what these pages read of it, or 404."""
    mine: Select[Engagement] = Engagement.visible_to(current_user)
    row = mine.where(Engagement.id == engagement_id).options(
        joinedload(Engagement.company),
        joinedload(Engagement.offering),
        selectinload(Engagement.assignments).joinedload(Assignment.consultant),
        selectinload(Engagement.terms_history),
    )
    return session.scalar(row) or abort(404)


def _series_of(engagement: Engagement) -> ReviewSeries:
    """Its series, or 404: the rule of none can be looked at."""
    return ReviewSeries.of(engagement.id) or abort(404)


@blueprint.get("/engagements/<uuid:engagement_id>/reviews")
@allow(SIGNED_IN)
def series(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """Every review there was, is, and will be in the next twelve months."""
    engagement = _found(engagement_id)
    found = ReviewSeries.of(engagement.id)
    running = found is not None and found.last_month is None and engagement.stage in RUNNING
    return render_template(
        "reviews/series.html",
        engagement=engagement,
        series=found,
        rule=in_words(found.when) if found else "",
        ahead=preview(found, found.when) if found and running else [],
        past=_past(engagement),
        zone=current_user.time_zone,
        **_seat(engagement),
    )


@blueprint.get("/engagements/<uuid:engagement_id>/reviews/rule")
@allow(SIGNED_IN)
def rule(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """The editor: what the address asks for is shown with all it would do, and nothing is done."""
    engagement = _found(engagement_id)
    found = _series_of(engagement)
    if not request.args:
        return _editor(found, _form(found))
    form = _form(found, asked=True)
    if not form.validate():
        return _editor(found, form), 422
    return _editor(found, form, form.rule)


@blueprint.post("/engagements/<uuid:engagement_id>/reviews/rule")
@allow(Role.CONSULTANT, Role.COORDINATOR, Role.OWNER)
def change_rule(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """Save the rule that was shown, if it still would do what was shown."""
    engagement = _found(engagement_id)
    must_be(engagement, RUN_IT, engagement)
    found = _series_of(engagement).lock()
    form = _form(found, asked=True)
    if not form.validate():
        return _editor(found, form), 422
    if not _open(found):
        return _editor(
            found, form, form.rule, "This engagement is over: no reviews are ahead."
        ), 409
    shown = preview(found, form.rule)
    if form.seen.data != digest(shown):
        changed = "Something has changed since you looked. This is what saving would do now."
        return _editor(found, form, form.rule, changed), 409
    if form.rule != found.when:
        found.change(form.rule, redated(shown))
        flash(f"The reviews are now {in_words(form.rule)}.", "good")
    return redirect(url_for("reviews.series", engagement_id=engagement.id), 303)


@blueprint.post("/engagements/<uuid:engagement_id>/reviews/wishes")
@allow(Role.SPONSOR)
def wish(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """The client asks its consultant for another rule; the answer is theirs to give."""
    engagement = _found(engagement_id)
    must_be(engagement, ASK, engagement)
    found = _series_of(engagement)
    form = _form(found, asked=True)
    if not form.validate():
        return _editor(found, form), 422
    address = absolute_url("reviews.rule", engagement_id=engagement.id, **_asked(form))
    today = engagement.local_date(clock.now()).isoformat()
    if rule_mails.tell_wish(found, form.rule, current_user, address, today):
        audit.record("review_series.wished", found, rule=form.rule.as_dict())
    flash(f"{engagement.lead.name} has been asked, and will answer you.", "good")
    return redirect(url_for("reviews.series", engagement_id=engagement.id), 303)


def _form(found: ReviewSeries, asked: bool = False) -> RuleForm:
    """With what was sent, or else with the rule as it stands."""
    form = RuleForm(request.values if asked else None)
    if not asked:
        form.show(found.when)
    form.offer_zones(found.when, clock.now().date())
    return form


def _editor(
    found: ReviewSeries, form: RuleForm, wanted: Rule | None = None, refused: str = ""
) -> str:
    shown = preview(found, wanted or found.when)
    return render_template(
        "reviews/rule.html",
        engagement=found.engagement,
        series=found,
        form=form,
        kind_help=KIND_HELP,
        rule=in_words(found.when),
        wanted=in_words(wanted) if wanted and wanted != found.when else "",
        asked=_asked(form),
        seen=digest(shown),
        ahead=shown,
        never=never_at_work(shown),
        moved=_with(shown, {Effect.MOVES, Effect.DATED}),
        stays=_with(shown, STAYS),
        zone=current_user.time_zone,
        refused=refused,
        open=_open(found),
        **_seat(found.engagement),
    )


def _asked(form: RuleForm) -> dict[str, str]:
    """The rule as fields, for an address or for a form that saves it."""
    sent = {name: form[name].data for name in form.data if name != "seen"}
    sent["at"] = form.at.data.strftime("%H:%M") if form.at.data else ""
    return {name: str(value) for name, value in sent.items() if value is not None}


def _with(shown: Sequence[MonthShown], effects: frozenset[Effect] | set[Effect]) -> int:
    return sum(month.effect in effects for month in shown)


def _open(found: ReviewSeries) -> bool:
    return found.last_month is None and found.engagement.stage in RUNNING


def _past(engagement: Engagement) -> Sequence[Review]:
    """What is over, or never came to be; the latest first."""
    ours = select(Review).where(Review.engagement_id == engagement.id)
    over = ours.where(Review.state.in_(("held", "missed", "cancelled")))
    rows = over.options(joinedload(Review.booking)).order_by(Review.month.desc())
    today = engagement.local_date(clock.now())
    return [row for row in session.scalars(rows) if not (row.suspended and row.due_on >= today)]


def _seat(engagement: Engagement) -> dict[str, bool]:
    """What the viewer may do about the series."""
    actors = engagement.is_to(current_user)
    return {"may_change": bool(actors & RUN_IT), "may_ask": bool(actors & ASK)}
