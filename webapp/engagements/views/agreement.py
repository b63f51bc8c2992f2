"""The agreement: shown whole, accepted by name, sent to a client by a coordinator, seen again."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp import audit
from webapp.access import SIGNED_IN, Open, Role, allow
from webapp.booking.models import SlotTaken
from webapp.db import session
from webapp.engagements.forms import AgreementForm
from webapp.engagements.models import Engagement, IllegalStage
from webapp.engagements.models.agreement import hash_of
from webapp.engagements.models.standing import may_read_agreement
from webapp.engagements.views import start
from webapp.engagements.views.blueprint import blueprint
from webapp.engagements.wording import sections


def _elsewhere(engagement: Engagement, token: str) -> ResponseReturnValue | None:
    gone = start.past_booking(engagement, token) or start.needs_sign_in(engagement)
    if gone or engagement.details.complete:
        return gone
    return redirect(url_for("engagements.details", token=token), 303)


def _page(engagement: Engagement, token: str, form: AgreementForm, **more: Any) -> str:
    text = engagement.agreement_text()
    form.text_hash.data = hash_of(text)
    context = start.page_context(engagement.hold, token, "Agreement", engagement.time_zone)
    return render_template(
        "engagements/agreement.html",
        engagement=engagement,
        sections=sections(text),
        form=form,
        booker=start.coordinator(),
        **context,
        **more,
    )


@blueprint.get("/start/<token>/agreement")
@allow(Open.LINK)
def agreement(token: str) -> ResponseReturnValue:
    """To be accepted; once it is, until it is paid, to be read again."""
    engagement = start.begun(token)
    if engagement.stage == "signed":
        return start.needs_sign_in(engagement) or _accepted_page(engagement, token)
    elsewhere = _elsewhere(engagement, token) or start.over(engagement.hold, token)
    return elsewhere or _page(engagement, token, AgreementForm())


def _accepted_page(engagement: Engagement, token: str) -> str:
    kept, zone = engagement.agreements[-1], engagement.time_zone
    context = start.page_context(engagement.hold, token, "Agreement", zone, True)
    return render_template(
        "engagements/accepted.html",
        engagement=engagement,
        agreement=kept,
        sections=sections(kept.text),
        **context,
    )


@blueprint.post("/start/<token>/agreement")
@allow(Open.LINK)
def accept(token: str) -> ResponseReturnValue:
    engagement = start.begun(token)
    if elsewhere := _elsewhere(engagement, token):
        return elsewhere
    if start.coordinator():
        abort(403)
    form = AgreementForm()
    if not form.validate():
        return _page(engagement, token, form), 422
    if form.text_hash.data != hash_of(engagement.agreement_text()):
        return _page(engagement, token, form, changed=True), 409
    return _sign(engagement, token, form)


def _sign(engagement: Engagement, token: str, form: AgreementForm) -> ResponseReturnValue:
    zone = engagement.time_zone
    try:
        engagement.hold.renew()
        email, agent = engagement.details.contact_email, request.user_agent.string
        engagement.sign(form.name.data, email, request.remote_addr or "", agent)
    except SlotTaken as lost:
        return _page(engagement, token, form, **start.alternatives(lost, zone)), 409
    except IllegalStage as refused:
        session.rollback()
        return _page(engagement, token, form, refused=str(refused)), 409
    return redirect(url_for("billing.pay", token=token), 303)


@blueprint.post("/start/<token>/sending")
@allow(Role.COORDINATOR, Role.OWNER)
def send_to_client(token: str) -> ResponseReturnValue:
    engagement, booker = start.begun(token), start.coordinator()
    if elsewhere := _elsewhere(engagement, token):
        return elsewhere
    assert booker is not None
    try:
        engagement.send_to_client(booker)
    except SlotTaken as lost:
        more = start.alternatives(lost, engagement.time_zone)
        return _page(engagement, token, AgreementForm(), **more), 409
    flash(f"The link is on its way to {engagement.details.contact_email}.", "good")
    return redirect(url_for("engagements.agreement", token=token), 303)


@blueprint.get("/engagements/<uuid:engagement_id>/agreement")
@allow(SIGNED_IN)
def signed_agreement(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """As it was accepted, for its parties; it prints clean."""
    person = start.viewer()
    assert person is not None
    mine = Engagement.visible_to(person).where(Engagement.id == engagement_id)
    found = session.scalar(mine) or abort(404)
    if not found.agreements:
        abort(404)
    if not may_read_agreement(found, person):
        audit.record_refusal("access.refused", found, path=request.path)
        abort(403)
    kept = found.agreements[-1]
    return render_template(
        "engagements/signed_agreement.html",
        engagement=found,
        agreement=kept,
        sections=sections(kept.text),
        zone=person.time_zone,
    )
