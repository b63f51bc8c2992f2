"""The whole practice: every engagement, where it stands, and what it owes."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from webapp.access import FIRM, Role, allow
from webapp.accounts.models import Company
from webapp.billing.queries import money_of
from webapp.billing.states import states_of
from webapp.booking.models import Booking, Hold
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement, FollowUp
from webapp.engagements.stages import LABELS, STAGES
from webapp.firm.forms import SearchForm
from webapp.firm.views.room import blueprint
from webapp.paging import counted, paged

SIGNED_ON = ("signed", "onboarding", "active", "paused", "ending", "ended")
"""What the list shows unasked; bookings nobody finished are a choice of its filter."""
EVERY = "every"


@blueprint.get("")
@allow(FIRM)
def engagements() -> ResponseReturnValue:
    page = paged(_filtered(_rows()))
    ids = [row.id for row in page.rows]
    lines = money_of(ids)
    invoices = {key: line.shown for key, line in lines.items() if line.shown}
    return render_template(
        "firm/engagements.html",
        page=page,
        next_meetings=Booking.next_of(ids),
        invoices=invoices,
        states=states_of(invoices.values()),
        follow_ups=FollowUp.still_open(),
        form=_form(),
    )


@blueprint.post("/follow-ups/<uuid:follow_up_id>/done")
@allow(Role.OWNER, Role.COORDINATOR)
def close_follow_up(follow_up_id: uuid.UUID) -> ResponseReturnValue:
    found = session.get(FollowUp, follow_up_id, with_for_update=True) or abort(404)
    found.close()
    flash("Done.", "good")
    return redirect(url_for("firm.engagements"), 303)


def _form() -> SearchForm:
    counts = counted(Engagement.stage)
    form = SearchForm.over(STAGES, counts)
    stages = [(stage, f"{LABELS[stage]} ({counts.get(stage, 0)})") for stage in STAGES]
    form.state.choices = [("", "Signed and after"), (EVERY, "All"), *stages]
    return form


def _rows() -> Select[Any]:
    leads = selectinload(Engagement.assignments).joinedload(Assignment.consultant)
    held = joinedload(Engagement.hold).selectinload(Hold.seat_rows)
    agreed = (joinedload(Engagement.offering), selectinload(Engagement.terms_history))
    parties = (joinedload(Engagement.company), *agreed, leads, held)
    return select(Engagement).options(*parties).order_by(Engagement.created_at.desc())


def _filtered(rows: Select[Any]) -> Select[Any]:
    stage, wanted = request.args.get("state", ""), request.args.get("q", "").strip()
    if stage != EVERY:
        shown = (stage,) if stage in STAGES else SIGNED_ON
        rows = rows.where(Engagement.stage.in_(shown))
    if wanted:
        named = Company.name.icontains(wanted, autoescape=True)
        rows = rows.join(Engagement.company).where(named)
    return rows
