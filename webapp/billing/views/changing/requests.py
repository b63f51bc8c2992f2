"""What a sponsor asks for: accepted with the figures shown first, or declined with a reason."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp import outbox
from webapp.access import Role, allow
from webapp.billing.forms.changing import AT_ONCE, NEXT_MONTH, DeclineForm
from webapp.billing.views.room import blueprint
from webapp.engagements.models import ChangeRequest, Engagement
from webapp.engagements.requests import answer
from webapp.engagements.stages import Actor
from webapp.engagements.views.whose import its_page, must_be, theirs, who


@blueprint.route(
    "/engagements/<uuid:engagement_id>/requests/<uuid:request_id>", methods=["GET", "POST"]
)
@allow(Role.COORDINATOR, Role.OWNER)
def change_request(engagement_id: uuid.UUID, request_id: uuid.UUID) -> ResponseReturnValue:
    """GET shows it with the way to accept; POST declines it."""
    engagement, form = theirs(engagement_id), DeclineForm()
    must_be(engagement, Actor.COORDINATOR, Actor.OWNER)
    asked = next((row for row in engagement.requests if row.id == request_id), None) or abort(404)
    if asked.state != "open":
        return its_page(engagement)
    if not form.validate_on_submit():
        return _page(engagement, asked, form), 422 if request.method == "POST" else 200
    answer(asked, "declined", who(), form.reason.data or "")
    outbox.enqueue("engagements.change_declined", asked.id)
    flash("The request is declined, and your reason is on its way.", "info")
    return its_page(engagement)


def _page(engagement: Engagement, asked: ChangeRequest, form: DeclineForm) -> str:
    return render_template(
        "billing/changing/request.html",
        engagement=engagement,
        asked=asked,
        form=form,
        accept=_acceptance(asked),
    )


def _acceptance(asked: ChangeRequest) -> str:
    """The page that does it, filled in."""
    key: dict[str, Any] = {"engagement_id": asked.engagement_id}
    if asked.kind == "plan":
        start = AT_ONCE if asked.wish.get("at_once") else NEXT_MONTH
        return url_for("billing.change_plan", offering=asked.wish["offering"], start=start, **key)
    dates = {name: asked.wish[name] for name in ("starts", "ends")}
    return url_for("billing.pause", reason=asked.note, **dates, **key)
