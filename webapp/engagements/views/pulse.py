"""The pulse: a tiny page behind a signed link, one question."""

from __future__ import annotations

import uuid
from datetime import date

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp import access
from webapp.access import Open, allow
from webapp.db import session
from webapp.engagements.forms import PulseForm
from webapp.engagements.models import Engagement, PulseAnswer
from webapp.engagements.views.blueprint import blueprint


def _asked(token: str) -> tuple[Engagement, date]:
    engagement_id, _, asked_on = access.unsign("pulse", token).partition("@")
    found = session.get(Engagement, uuid.UUID(engagement_id)) or abort(404)
    return found, date.fromisoformat(asked_on)


@blueprint.get("/pulse/<token>")
@allow(Open.LINK)
def pulse(token: str) -> ResponseReturnValue:
    engagement, asked_on = _asked(token)
    answer = PulseAnswer.of(engagement.id, asked_on)
    form = PulseForm(score=str(answer.score) if answer else None)
    return _page(engagement, token, form)


@blueprint.post("/pulse/<token>")
@allow(Open.LINK)
def answer_pulse(token: str) -> ResponseReturnValue:
    engagement, asked_on = _asked(token)
    form = PulseForm()
    if not form.validate():
        return _page(engagement, token, form), 422
    PulseAnswer.give(engagement.id, asked_on, int(form.score.data))
    return redirect(url_for("engagements.pulse_thanks", token=token), 303)


@blueprint.get("/pulse/<token>/thanks")
@allow(Open.LINK)
def pulse_thanks(token: str) -> ResponseReturnValue:
    engagement, asked_on = _asked(token)
    answer = PulseAnswer.of(engagement.id, asked_on) or abort(404)
    return render_template(
        "engagements/pulse_thanks.html", engagement=engagement, answer=answer, token=token
    )


def _page(engagement: Engagement, token: str, form: PulseForm) -> str:
    return render_template("engagements/pulse.html", engagement=engagement, form=form, token=token)
