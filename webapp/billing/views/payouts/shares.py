"""Setting shares: a consultant's usual one, and those of an engagement's team."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp import audit
from webapp.access import Role, allow
from webapp.billing.forms.payouts import Percents, SharesForm, UsualShareForm
from webapp.billing.views.payouts.found import consultant_of
from webapp.billing.views.room import blueprint
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement

SETTERS = (Role.COORDINATOR, Role.OWNER)


@blueprint.route("/practice/payouts/<uuid:consultant_id>/usual-share", methods=["GET", "POST"])
@allow(*SETTERS)
def usual_share(consultant_id: uuid.UUID) -> ResponseReturnValue:
    """Taken over when an engagement is booked; what is booked already keeps its own."""
    consultant = consultant_of(consultant_id)
    form = UsualShareForm(obj=consultant)
    if not form.validate_on_submit():
        page = render_template("billing/payouts/usual.html", form=form, consultant=consultant)
        return page, 422 if form.errors else 200
    before, consultant.share_percent = consultant.share_percent, form.share_percent.data
    audit.record("consultant.usual_share", consultant, before=before, after=form.share_percent.data)
    flash(f"{consultant.name} usually gets {form.share_percent.data}%.", "good")
    return redirect(url_for("billing.consultant_payouts", consultant_id=consultant.id), 303)


@blueprint.get("/practice/engagements/<uuid:engagement_id>/shares")
@allow(*SETTERS)
def shares(engagement_id: uuid.UUID) -> ResponseReturnValue:
    engagement = session.get(Engagement, engagement_id) or abort(404)
    return _page(engagement, Percents(_team(engagement)), SharesForm())


@blueprint.post("/practice/engagements/<uuid:engagement_id>/shares")
@allow(*SETTERS)
def set_shares(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """For what is paid from now on; invoices that are paid already keep their shares."""
    engagement = (session.get(Engagement, engagement_id) or abort(404)).lock()
    team = _team(engagement)
    percents, form = Percents(team), SharesForm()
    good = percents.validate()
    if not form.validate() or not good:
        return _page(engagement, percents, form), 422
    for row in team:
        row.share_percent = percents.values[row.id]
    told = {row.consultant.name: row.share_percent for row in team}
    audit.record("engagement.shares_set", engagement, shares=told, reason=form.reason.data)
    flash("The shares are set for all that is paid from now on.", "good")
    return redirect(url_for("desk.engagement", engagement_id=engagement.id), 303)


def _team(engagement: Engagement) -> Sequence[Assignment]:
    rows = select(Assignment).where(Assignment.engagement_id == engagement.id)
    rows = rows.options(joinedload(Assignment.consultant))
    return session.scalars(rows.order_by(Assignment.leads.desc(), Assignment.id)).all()


def _page(engagement: Engagement, percents: Percents, form: SharesForm) -> str:
    return render_template(
        "billing/payouts/shares.html", engagement=engagement, percents=percents, form=form
    )
