"""Who did or looked at what."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from webapp.access import FIRM, allow
from webapp.audit import AuditEvent
from webapp.firm.forms import SearchForm
from webapp.firm.views.room import blueprint
from webapp.paging import paged


@blueprint.get("/audit")
@allow(FIRM)
def audit_events() -> ResponseReturnValue:
    rows = select(AuditEvent).order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    wanted = request.args.get("q", "").strip()
    if wanted:
        fields = (AuditEvent.actor, AuditEvent.action, AuditEvent.subject)
        rows = rows.where(or_(*(field.icontains(wanted, autoescape=True) for field in fields)))
    return render_template("firm/audit_events.html", page=paged(rows), form=SearchForm.over((), {}))
