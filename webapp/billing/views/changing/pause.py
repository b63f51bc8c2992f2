"""A pause: dates, what it means, then planned by the firm or asked for by a sponsor; undone."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import structlog
from flask import abort, flash, render_template, request
from flask.typing import ResponseReturnValue

from webapp.access import Role, allow
from webapp.billing.changing.pause_preview import Outline, outline
from webapp.billing.forms.changing import PauseForm, UndoForm
from webapp.billing.views.changing.plan import MAY_ASK, SLOW, decides
from webapp.billing.views.room import blueprint
from webapp.db import session
from webapp.engagements import requests
from webapp.engagements.models import ChangeRefused, ChangeRequest, Engagement, Pause
from webapp.engagements.stages import Actor
from webapp.engagements.views.whose import its_page, must_be, theirs, who
from webapp.outbox import RetryLater
from webapp.web import format_day

log = structlog.get_logger()


@blueprint.route("/engagements/<uuid:engagement_id>/pause", methods=["GET", "POST"])
@allow(Role.SPONSOR, Role.COORDINATOR, Role.OWNER)
def pause(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """POST shows what the dates mean; with `confirmed` in the form it is planned, or asked for."""
    engagement = theirs(engagement_id)
    must_be(engagement, *MAY_ASK)
    form = PauseForm(request.form if request.method == "POST" else request.args or None)
    if request.method == "GET":
        return _page(engagement, form, refused=_blocked(engagement))
    if not form.validate():
        return _page(engagement, form), 422
    if refused := engagement.pause_refusal(form.starts.data, form.ends.data):
        return _refused(engagement, form, refused)
    if not request.form.get("confirmed"):
        return _shown(engagement, form)
    return _planned(engagement, form) if decides(engagement) else _asked(engagement, form)


def _blocked(engagement: Engagement) -> str:
    """Why it cannot be paused at all just now."""
    soonest = engagement.today
    return engagement.why_no_pause(soonest, engagement.month_after(soonest))


def _shown(engagement: Engagement, form: PauseForm) -> ResponseReturnValue:
    try:
        figures = outline(engagement, form.starts.data, form.ends.data)
    except RetryLater as reason:
        log.warning("pause.unavailable", reason=str(reason))
        return _page(engagement, form, refused=SLOW), 503
    return _page(engagement, form, figures)


def _planned(engagement: Engagement, form: PauseForm) -> ResponseReturnValue:
    try:
        engagement.plan_pause(form.starts.data, form.ends.data, who(), form.reason.data or "")
    except ChangeRefused as refused:
        session.rollback()
        return _refused(engagement, form, refused)
    requests.answer(engagement.open_request("pause"), "accepted", who())
    days = f"{format_day(form.starts.data)} to {format_day(form.ends.data)}"
    flash(f"The pause from {days} is planned, and everybody concerned is told.", "good")
    return its_page(engagement)


def _refused(
    engagement: Engagement, form: PauseForm, refused: ChangeRefused
) -> ResponseReturnValue:
    """Beside the field that it is about; above all of them where it is about none."""
    if refused.field not in form:
        return _page(engagement, form, refused=str(refused)), 409
    form[refused.field].errors = [str(refused)]
    return _page(engagement, form), 422


def _asked(engagement: Engagement, form: PauseForm) -> ResponseReturnValue:
    wish = {"starts": form.starts.data.isoformat(), "ends": form.ends.data.isoformat()}
    if ChangeRequest.ask(engagement, "pause", wish, who(), form.reason.data or ""):
        flash("Your request is with your coordinator, who answers it by mail.", "good")
    else:
        flash("You have asked for a pause already; your coordinator answers soon.", "info")
    return its_page(engagement)


def _page(
    engagement: Engagement, form: PauseForm, figures: Outline | None = None, refused: str = ""
) -> str:
    return render_template(
        "billing/changing/pause.html",
        engagement=engagement,
        form=form,
        figures=figures,
        refused=refused,
        decides=decides(engagement),
    )


# -- undoing it, or ending it sooner ---------------------------------------------------------------


def _of(engagement: Engagement, pause_id: uuid.UUID) -> Pause:
    found = next((row for row in engagement.pauses if row.id == pause_id), None)
    return found or abort(404)


@blueprint.route(
    "/engagements/<uuid:engagement_id>/pauses/<uuid:pause_id>/withdrawal", methods=["GET", "POST"]
)
@allow(Role.COORDINATOR, Role.OWNER)
def withdraw_pause(engagement_id: uuid.UUID, pause_id: uuid.UUID) -> ResponseReturnValue:
    engagement = theirs(engagement_id)
    must_be(engagement, Actor.COORDINATOR, Actor.OWNER)
    planned = _of(engagement, pause_id)
    text = (
        f"From {format_day(planned.starts)} on, work goes on as usual. Reviews that were called "
        "off are invited to again; nothing is charged for it."
    )

    def withdraw(reason: str) -> None:
        engagement.withdraw_pause(planned, who(), reason)
        flash("The pause is withdrawn.", "good")

    return _undo(engagement, "Withdraw the pause", text, withdraw)


@blueprint.route(
    "/engagements/<uuid:engagement_id>/pauses/<uuid:pause_id>/end", methods=["GET", "POST"]
)
@allow(Role.COORDINATOR, Role.OWNER)
def end_pause(engagement_id: uuid.UUID, pause_id: uuid.UUID) -> ResponseReturnValue:
    """Work resumes today instead of the day that was planned."""
    engagement = theirs(engagement_id)
    must_be(engagement, Actor.COORDINATOR, Actor.OWNER)
    running = _of(engagement, pause_id)
    text = "Work goes on from today. What is left of this month is charged by the day, at once."

    def end(reason: str) -> None:
        engagement.end_pause(running, who(), reason)
        flash("Work resumes today; both sides are told.", "good")

    return _undo(engagement, "Resume today", text, end)


def _undo(
    engagement: Engagement, title: str, text: str, act: Callable[[str], None]
) -> ResponseReturnValue:
    """Ask for a reason, then act on it; what is refused by then is told, and nothing is done."""
    form = UndoForm()
    if not form.validate_on_submit():
        return _undo_page(engagement, form, title, text)
    try:
        act(form.reason.data or "")
    except ChangeRefused as refused:
        session.rollback()
        return _undo_page(engagement, form, title, text, str(refused))
    return its_page(engagement)


def _undo_page(
    engagement: Engagement, form: UndoForm, title: str, text: str, refused: str = ""
) -> tuple[str, int]:
    page = render_template("billing/changing/undo.html", engagement=engagement, form=form,
                           title=title, text=text, refused=refused)  # fmt: skip
    if refused:
        return page, 409
    return page, 422 if request.method == "POST" else 200
