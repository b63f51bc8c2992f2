"""The whole practice: every engagement, where it stands, and what it owes."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from webapp.access import FIRM, allow
from webapp.accounts.models import Company
from webapp.billing.queries import money_of
from webapp.booking.models import Booking
from webapp.engagements.models import Assignment, Engagement
from webapp.engagements.stages import STAGES
from webapp.firm.forms import SearchForm
from webapp.firm.views.room import blueprint
from webapp.paging import counted, paged


@blueprint.get("")
@allow(FIRM)
def engagements() -> ResponseReturnValue:
    page = paged(_filtered(_rows()))
    ids = [row.id for row in page.rows]
    return render_template(
        "firm/engagements.html",
        page=page,
        next_meetings=Booking.next_of(ids),
        money_lines=money_of(ids),
        form=SearchForm.over(STAGES, counted(Engagement.stage)),
    )


def _rows() -> Select[Any]:
    leads = selectinload(Engagement.assignments).joinedload(Assignment.consultant)
    parties = (joinedload(Engagement.company), joinedload(Engagement.offering), leads)
    return select(Engagement).options(*parties).order_by(Engagement.created_at.desc())


def _filtered(rows: Select[Any]) -> Select[Any]:
    stage, wanted = request.args.get("state", ""), request.args.get("q", "").strip()
    if stage in STAGES:
        rows = rows.where(Engagement.stage == stage)
    if wanted:
        named = Company.name.icontains(wanted, autoescape=True)
        rows = rows.join(Engagement.company).where(named)
    return rows
