"""Every e-mail: waiting, sent, failed or uncertain, with its text, and what to do about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Select, or_, select

from webapp import audit
from webapp.access import FIRM, Role, allow
from webapp.db import session
from webapp.firm.forms import SearchForm
from webapp.firm.views.room import blueprint
from webapp.notifications.models import STATES, EmailMessage, NotUndecided
from webapp.paging import counted, paged


@blueprint.get("/emails")
@allow(FIRM)
def emails() -> ResponseReturnValue:
    rows = select(EmailMessage).order_by(EmailMessage.created_at.desc(), EmailMessage.id.desc())
    form = SearchForm.over(STATES, counted(EmailMessage.state))
    return render_template("firm/emails.html", page=paged(_filtered(rows)), form=form)


@blueprint.get("/emails/<uuid:email_id>")
@allow(FIRM)
def email(email_id: uuid.UUID) -> ResponseReturnValue:
    found = _found(email_id)
    audit.record("email.looked_at", found, kind=found.kind)
    return render_template("firm/email.html", email=found)


@blueprint.get("/emails/<uuid:email_id>/html")
@allow(FIRM)
def email_html(email_id: uuid.UUID) -> ResponseReturnValue:
    """The HTML as sent, alone in a sandboxed frame: its styles are its own, scripts never run."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; "
    headers = {"Content-Security-Policy": policy + "frame-ancestors 'self'"}
    found = _found(email_id)
    audit.record("email.looked_at", found, kind=found.kind)
    return Response(found.shown_html, mimetype="text/html", headers=headers)


@blueprint.post("/emails/<uuid:email_id>/send")
@allow(Role.OWNER, Role.COORDINATOR)
def send_email_again(email_id: uuid.UUID) -> ResponseReturnValue:
    _decided(lambda: _found(email_id).send_again(current_user))
    flash("The e-mail is in line again.", "good")
    return redirect(url_for("firm.email", email_id=email_id), 303)


@blueprint.post("/emails/<uuid:email_id>/arrived")
@allow(Role.OWNER, Role.COORDINATOR)
def mark_email_arrived(email_id: uuid.UUID) -> ResponseReturnValue:
    _decided(lambda: _found(email_id).mark_sent(current_user))
    flash("Noted: the e-mail had arrived.", "good")
    return redirect(url_for("firm.email", email_id=email_id), 303)


def _decided(decide: Callable[[], None]) -> None:
    """Two coordinators may decide at once: the second is told that it is settled."""
    try:
        decide()
    except NotUndecided:
        abort(409)


def _found(email_id: uuid.UUID) -> EmailMessage:
    return session.get(EmailMessage, email_id) or abort(404)


def _filtered(rows: Select[Any]) -> Select[Any]:
    state, wanted = request.args.get("state", ""), request.args.get("q", "").strip()
    if state in STATES:
        rows = rows.where(EmailMessage.state == state)
    if wanted:
        fields = (EmailMessage.recipient, EmailMessage.subject, EmailMessage.kind)
        rows = rows.where(or_(*(field.icontains(wanted, autoescape=True) for field in fields)))
    return rows
