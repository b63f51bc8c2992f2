"""What happens to an engagement later: onboarding steps, the kick-off, cancelling before it."""

from __future__ import annotations

import uuid

from flask import abort, flash, render_template, request
from flask.typing import ResponseReturnValue

from webapp import audit, clock
from webapp.access import Role, allow
from webapp.accounts.models import Person
from webapp.booking.forms.changes import MissedForm
from webapp.booking.models import Booking
from webapp.booking.models.changes import REBOOKABLE
from webapp.booking.views.meetings import sides_to_mark
from webapp.db import session
from webapp.engagements.forms import CancellationForm, KickoffForm
from webapp.engagements.models import Engagement, IllegalStage
from webapp.engagements.stages import Actor
from webapp.engagements.views.blueprint import blueprint
from webapp.engagements.views.start import viewer
from webapp.engagements.views.whose import its_page, must_be, theirs

# -- onboarding steps ------------------------------------------------------------------------------


@blueprint.post("/engagements/<uuid:engagement_id>/steps/<uuid:step_id>")
@allow(Role.CONSULTANT, Role.SPONSOR, Role.LEADER)
def complete_step(engagement_id: uuid.UUID, step_id: uuid.UUID) -> ResponseReturnValue:
    """Tick a step off; with `undo` in the form, open it again."""
    engagement, person = theirs(engagement_id), viewer()
    step = next((step for step in engagement.steps if step.id == step_id), None) or abort(404)
    must_be(engagement, Actor.CONSULTANT, Actor.CLIENT)
    assert person is not None
    if request.form.get("undo"):
        step.undo()
        audit.record("onboarding_step.undone", step)
    else:
        step.complete(person)
        audit.record("onboarding_step.done", step)
    return its_page(engagement)


# -- the kick-off ----------------------------------------------------------------------------------


@blueprint.get("/engagements/<uuid:engagement_id>/kickoff")
@allow(Role.CONSULTANT, Role.COORDINATOR, Role.OWNER)
def kickoff(engagement_id: uuid.UUID) -> ResponseReturnValue:
    engagement = theirs(engagement_id)
    must_be(engagement, Actor.CONSULTANT, Actor.COORDINATOR, Actor.OWNER)
    if engagement.kickoff is None:
        abort(404)
    return _kickoff_page(engagement, KickoffForm(notes=engagement.kickoff_notes))


@blueprint.post("/engagements/<uuid:engagement_id>/kickoff")
@allow(Role.CONSULTANT, Role.COORDINATOR, Role.OWNER)
def hold_kickoff(engagement_id: uuid.UUID) -> ResponseReturnValue:
    engagement, person = theirs(engagement_id), viewer()
    must_be(engagement, Actor.CONSULTANT, Actor.COORDINATOR, Actor.OWNER)
    assert person is not None
    form = KickoffForm()
    if engagement.kickoff is None:
        abort(404)
    if engagement.kickoff.state in REBOOKABLE:
        return _kickoff_page(engagement, form), 409
    if not form.validate():
        return _kickoff_page(engagement, form), 422
    try:
        engagement.hold_kickoff(person, form.notes.data or "", form.waive.data)
    except IllegalStage as refused:
        session.rollback()
        return _kickoff_page(engagement, form, str(refused)), 422
    flash("The kick-off is closed; the recap is on its way.", "good")
    return its_page(engagement)


def _kickoff_page(engagement: Engagement, form: KickoffForm, refused: str = "") -> str:
    person, meeting = viewer(), engagement.kickoff
    assert person is not None and meeting is not None
    return render_template(
        "engagements/kickoff.html",
        engagement=engagement,
        meeting=meeting,
        form=form,
        refused=refused,
        open_steps=[step for step in engagement.steps if step.required and step.open],
        begun=clock.now() >= meeting.starts_at,
        off=meeting.state in REBOOKABLE,
        missed_form=_missed_form(meeting, person) if meeting.markable else None,
        zone=person.time_zone,
    )


def _missed_form(meeting: Booking, person: Person) -> MissedForm:
    """Sent to the meeting's own room, which tells the others."""
    form = MissedForm(formdata=None)
    form.side.choices = sides_to_mark(meeting, person)
    return form


# -- cancelling before the kick-off ----------------------------------------------------------------


@blueprint.route("/engagements/<uuid:engagement_id>/cancellation", methods=["GET", "POST"])
@allow(Role.SPONSOR, Role.COORDINATOR, Role.OWNER)
def cancellation(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """GET shows what comes back and what happens; POST does it."""
    engagement, person = theirs(engagement_id), viewer()
    must_be(engagement, Actor.SPONSOR, Actor.COORDINATOR, Actor.OWNER)
    assert person is not None
    if engagement.stage == "ended":
        return its_page(engagement)
    form = CancellationForm()
    if refused := _why_not(engagement, person):
        return _cancellation_page(engagement, form, refused), 409
    if request.method == "GET":
        return _cancellation_page(engagement, form)
    if not form.validate():
        return _cancellation_page(engagement, form), 422
    engagement.cancel_before_kickoff(person, form.reason.data or "")
    flash(f"The engagement is cancelled and the kick-off called off. {_refund(engagement)}", "info")
    return its_page(engagement)


def _why_not(engagement: Engagement, person: Person) -> str:
    """Why it cannot be cancelled, for a person to read; '' when it can."""
    if engagement.stage not in {"active", "paused", "ending"}:
        return engagement.why_not("ended", person)
    if not engagement.terms.is_retainer:
        return "The kick-off has been held. A diagnostic ends by itself, with its findings."
    days = engagement.terms.notice_days
    return f"The kick-off has been held, so the notice period of {days} days applies."


def _refund(engagement: Engagement) -> str:
    """What comes back, in a sentence or two."""
    due = engagement.refund_due()
    if not due.minor:
        return "By the refund policy in the agreement, nothing comes back this late."
    return f"{due.format()} goes back to the card, usually within ten days; a mail confirms it."


def _cancellation_page(engagement: Engagement, form: CancellationForm, refused: str = "") -> str:
    person = viewer()
    assert person is not None
    return render_template(
        "engagements/cancellation.html",
        engagement=engagement,
        form=form,
        refused=refused,
        zone=person.time_zone,
    )
