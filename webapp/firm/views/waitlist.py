"""Who waits for whom, and taking somebody off the line."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from webapp.access import FIRM, Role, allow
from webapp.booking.models import WaitlistEntry
from webapp.booking.models.waitlist import IN_LINE, OPEN, STATES
from webapp.db import session
from webapp.firm.forms import SearchForm
from webapp.firm.views.room import blueprint
from webapp.paging import counted, paged


@blueprint.get("/waitlist")
@allow(FIRM)
def waitlist() -> ResponseReturnValue:
    """Unasked, only those in line, as they stand in it."""
    state, wanted = request.args.get("state", ""), request.args.get("q", "").strip()
    rows = select(WaitlistEntry).order_by(WaitlistEntry.joined_at, WaitlistEntry.id)
    rows = rows.where(WaitlistEntry.state.in_([state] if state in STATES else IN_LINE))
    rows = rows.options(joinedload(WaitlistEntry.offering), joinedload(WaitlistEntry.hold))
    if wanted:
        fields = (WaitlistEntry.name, WaitlistEntry.email)
        rows = rows.where(or_(*(field.icontains(wanted, autoescape=True) for field in fields)))
    page, form = paged(rows), SearchForm.over(STATES, counted(WaitlistEntry.state))
    form.state.choices = [("", "in line"), *form.state.choices[1:]]
    names = WaitlistEntry.names_of(page.rows)
    return render_template("firm/waitlist.html", page=page, form=form, names=names, open=OPEN)


@blueprint.post("/waitlist/<uuid:entry_id>/remove")
@allow(Role.OWNER, Role.COORDINATOR)
def remove_from_waitlist(entry_id: uuid.UUID) -> ResponseReturnValue:
    entry = session.get(WaitlistEntry, entry_id) or abort(404)
    if entry.state not in OPEN:
        abort(409)
    entry.remove()
    flash(f"{entry.name} is in line no longer.", "good")
    return redirect(url_for("firm.waitlist"), 303)
