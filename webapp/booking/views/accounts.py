"""Accounts elsewhere: connected by password or by consent, their calendars chosen, left again."""

from __future__ import annotations

import secrets
import time
import uuid

from authlib.common.security import generate_token
from flask import abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from webapp import audit, db
from webapp.access import Role, allow
from webapp.booking.outside import accounts
from webapp.booking.outside.clouds.oauth import ISSUERS, consent_address, registration
from webapp.booking.outside.dav.dav_server import WrongPassword
from webapp.booking.outside.forms.accounts import CalDavForm, CalendarsForm, LeaveForm
from webapp.booking.outside.models import OutsideAccount
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable
from webapp.booking.outside.reading import read
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.web import absolute_url

CONSENT = "calendar_consent"
CONSENT_SECONDS = 15 * 60
READING_SECONDS = 10

# -- by name and password --------------------------------------------------------------------------


@blueprint.get("/calendar/connections/caldav")
@allow(Role.CONSULTANT)
def caldav_account() -> ResponseReturnValue:
    return render_template("booking/caldav_account.html", form=CalDavForm(formdata=None))


@blueprint.post("/calendar/connections/caldav")
@allow(Role.CONSULTANT)
def connect_caldav() -> ResponseReturnValue:
    form = CalDavForm()
    if form.validate() and (account := _looked_up(form)):
        return redirect(url_for("booking.account_calendars", account_id=account.id), 303)
    return render_template("booking/caldav_account.html", form=form), 422


def _looked_up(form: CalDavForm) -> OutsideAccount | None:
    """The account; or what is wrong, beside the field that it is wrong with."""
    typed = form.address.data, form.username.data, form.password.data
    try:
        return accounts.connect_caldav(_mine(), *typed)
    except WrongPassword as wrong:
        form.password.errors = [str(wrong)]
    except (OutsideRefused, OutsideUnreachable) as fault:
        form.address.errors = [str(fault)]
    return None


# -- by consent ------------------------------------------------------------------------------------


@blueprint.post("/calendar/connections/<kind>/consent")
@allow(Role.CONSULTANT)
def ask_consent(kind: str) -> ResponseReturnValue:
    """Send the person to the account's own pages; state and verifier wait in their session."""
    if kind not in ISSUERS or registration(kind) is None:
        abort(404)
    state, verifier = secrets.token_urlsafe(32), generate_token(64)
    session[CONSENT] = {"kind": kind, "state": state, "verifier": verifier, "at": int(time.time())}
    return redirect(consent_address(kind, state, verifier, _back(kind)), 303)


@blueprint.get("/calendar/connections/<kind>/return")
@allow(Role.CONSULTANT)
def return_from_consent(kind: str) -> ResponseReturnValue:
    """Where the account's own pages send the person back to: once, and only whom we had sent."""
    verifier, code = _verifier(kind), request.args.get("code", "")
    if not code:
        flash(f"{ISSUERS[kind].name} was not connected.", "info")
        return redirect(url_for("booking.connections"), 303)
    try:
        account = accounts.connect_with_code(_mine(), kind, code, verifier, _back(kind))
    except (OutsideRefused, OutsideUnreachable) as fault:
        flash(str(fault), "bad")
        return redirect(url_for("booking.connections"), 303)
    return redirect(url_for("booking.account_calendars", account_id=account.id), 303)


def _verifier(kind: str) -> str:
    """What the session keeps for this very return, used up; anything else is refused (400)."""
    waiting = session.pop(CONSENT, None) or {}
    fresh = time.time() - waiting.get("at", 0) < CONSENT_SECONDS
    same = secrets.compare_digest(
        waiting.get("state", "").encode(), request.args.get("state", "").encode()
    )
    if not (waiting and waiting["kind"] == kind and fresh and same):
        audit.record_refusal("calendar.consent_refused", kind[:20])
        abort(400)
    return str(waiting["verifier"])


def _back(kind: str) -> str:
    return absolute_url("booking.return_from_consent", kind=kind)


# -- what it is used for ---------------------------------------------------------------------------


@blueprint.get("/calendar/connections/accounts/<uuid:account_id>")
@allow(Role.CONSULTANT)
def account_calendars(account_id: uuid.UUID) -> ResponseReturnValue:
    account = _account(account_id)
    return _page(account, CalendarsForm.of(account))


@blueprint.post("/calendar/connections/accounts/<uuid:account_id>")
@allow(Role.CONSULTANT)
def choose_calendars(account_id: uuid.UUID) -> ResponseReturnValue:
    account = _account(account_id)
    form = CalendarsForm.of(account, request.form)
    if not form.validate():
        return _page(account, form), 422
    account.choose(form.read.data, form.write.data or None)
    audit.record("calendar.chosen", account, read=len(form.read.data), write=bool(form.write.data))
    _read_at_once(account)
    flash("Saved.", "good")
    return redirect(url_for("booking.connections"), 303)


def _read_at_once(account: OutsideAccount) -> None:
    """Nothing is offered before new calendars were read; what takes too long is left to a job."""
    until = time.monotonic() + READING_SECONDS
    for calendar in account.calendars:
        if calendar.reads and calendar.read_at is None and time.monotonic() < until:
            read(calendar.id)


@blueprint.post("/calendar/connections/accounts/<uuid:account_id>/removal")
@allow(Role.CONSULTANT)
def leave_account(account_id: uuid.UUID) -> ResponseReturnValue:
    account = _account(account_id)
    account.leave(with_copies=LeaveForm(formdata=request.form).with_copies.data)
    audit.record("calendar.account_leaving", account)
    flash("Disconnected. What it took of your time is free again.", "good")
    return redirect(url_for("booking.connections"), 303)


def _mine() -> Consultant:
    own = select(Consultant).where(Consultant.person_id == current_user.id)
    return db.session.scalar(own) or abort(404)


def _account(account_id: uuid.UUID) -> OutsideAccount:
    mine = OutsideAccount.consultant_id == _mine().id
    found = db.session.scalar(
        select(OutsideAccount)
        .where(OutsideAccount.id == account_id, OutsideAccount.leaving_at.is_(None), mine)
        .with_for_update(key_share=True)
    )
    return found or abort(404)


def _page(account: OutsideAccount, form: CalendarsForm) -> str:
    return render_template(
        "booking/account_calendars.html", outside=account, form=form, leaving=LeaveForm()
    )
