"""Notice: given for one of the dates the terms allow, and withdrawn."""

from __future__ import annotations

import uuid
from datetime import date

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from webapp.access import Role, allow
from webapp.billing.changing.following import why_no_withdrawal
from webapp.billing.forms.changing import NoticeForm, UndoForm
from webapp.billing.owing import deposit
from webapp.billing.views.room import blueprint
from webapp.db import session
from webapp.engagements.models import ChangeRefused, Engagement, IllegalStage
from webapp.engagements.stages import Actor
from webapp.engagements.views.whose import its_page, must_be, theirs, who
from webapp.web import format_day

GIVEN = ("Notice was given already, for {day}: that day stands, and the one you chose was not "
         "taken. For another one, have the notice withdrawn first.")  # fmt: skip
WITHDRAW = "Withdraw the notice"


@blueprint.route("/engagements/<uuid:engagement_id>/notice", methods=["GET", "POST"])
@allow(Role.SPONSOR, Role.OWNER)
def give_notice(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """GET shows on which days it may end and what happens; POST gives notice."""
    engagement = theirs(engagement_id)
    must_be(engagement, Actor.SPONSOR, Actor.OWNER)
    if engagement.stage in {"ending", "ended"}:
        return _given_already(engagement)
    form = NoticeForm()
    form.offer(engagement)
    if request.method == "GET":
        return _page(engagement, form)
    if not form.validate():
        return _page(engagement, form), 422
    return _given(engagement, form)


def _given_already(engagement: Engagement) -> ResponseReturnValue:
    """Pressed twice, it is given; who chose another day meanwhile is told which one stands."""
    asked = request.form.get("ends_on", "")
    stands = engagement.ends_on if engagement.stage == "ending" else None
    if stands and asked not in {"", stands.isoformat()}:
        flash(GIVEN.format(day=format_day(stands)), "warn")
    return its_page(engagement)


def _given(engagement: Engagement, form: NoticeForm) -> ResponseReturnValue:
    ends_on = date.fromisoformat(form.ends_on.data)
    try:
        engagement.give_notice(ends_on, who(), form.reason.data or "")
    except (ChangeRefused, IllegalStage) as refused:
        session.rollback()
        return _page(engagement, form, str(refused)), 409
    flash(f"Notice is given: the engagement ends on {format_day(ends_on)}.", "info")
    return its_page(engagement)


def _page(engagement: Engagement, form: NoticeForm, refused: str = "") -> str:
    return render_template(
        "billing/changing/notice.html",
        engagement=engagement,
        form=form,
        refused=refused or _why_not(engagement),
        held=deposit.left_of(engagement),
    )


def _why_not(engagement: Engagement) -> str:
    """Why no notice can be given now, for a person to read; '' when it can."""
    if engagement.stage not in {"onboarding", "active", "paused"}:
        return "Notice is given once the engagement is under way."
    return "" if engagement.terms.is_retainer else "A diagnostic ends by itself, with its findings."


@blueprint.route("/engagements/<uuid:engagement_id>/notice/withdrawal", methods=["GET", "POST"])
@allow(Role.COORDINATOR, Role.OWNER)
def withdraw_notice(engagement_id: uuid.UUID) -> ResponseReturnValue:
    engagement, form = theirs(engagement_id), UndoForm()
    must_be(engagement, Actor.COORDINATOR, Actor.OWNER)
    if engagement.stage != "ending":
        return its_page(engagement)
    if stopped := why_no_withdrawal(engagement.lock()):
        return _undo(engagement, form, stopped), 409 if request.method == "POST" else 200
    if not form.validate_on_submit():
        return _undo(engagement, form), 422 if request.method == "POST" else 200
    try:
        engagement.withdraw_notice(who(), form.reason.data or "")
    except (ChangeRefused, IllegalStage) as refused:
        session.rollback()
        return _undo(engagement, form, str(refused)), 409
    flash("The notice is withdrawn: the engagement goes on.", "good")
    return its_page(engagement)


def _undo(engagement: Engagement, form: UndoForm, refused: str = "") -> str:
    text = "It goes on as if no notice had been given. Nothing is charged for this."
    return render_template("billing/changing/undo.html", engagement=engagement, form=form,
                           title=WITHDRAW, text=text, refused=refused)  # fmt: skip
