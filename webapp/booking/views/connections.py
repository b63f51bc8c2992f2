"""A consultant's outside calendars: which there are, how they fare, one more, one less."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from webapp.access import Role, allow
from webapp.booking.outside import accounts, queries
from webapp.booking.outside.forms.subscribing import SubscribeForm
from webapp.booking.outside.models import OutsideCalendar
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable
from webapp.booking.outside.reading import read
from webapp.booking.outside.subscribing import subscribe, unsubscribe
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.db import session


@blueprint.get("/calendar/connections")
@allow(Role.CONSULTANT)
def connections() -> ResponseReturnValue:
    return _page(SubscribeForm(formdata=None))


@blueprint.post("/calendar/connections")
@allow(Role.CONSULTANT)
def connect() -> ResponseReturnValue:
    """Read it at once: a calendar that cannot be read is not connected; a slow one is, unread."""
    form = SubscribeForm()
    if not form.validate():
        return _page(form), 422
    try:
        made = subscribe(_mine(), form.name.data, form.address.data)
    except (OutsideRefused, OutsideUnreachable) as problem:
        form.refuse(str(problem))
        return _page(form), 422
    if made.read_at:
        taken = "What it takes of your time is no longer on offer."
    else:
        taken = "Reading it takes a while: until that is done, your times are hidden."
    flash(f"{made.name} is connected. {taken}", "good" if made.read_at else "info")
    return redirect(url_for("booking.connections"), 303)


@blueprint.post("/calendar/connections/<uuid:calendar_id>/reading")
@allow(Role.CONSULTANT)
def read_now(calendar_id: uuid.UUID) -> ResponseReturnValue:
    name = _calendar(calendar_id).name
    read(calendar_id)
    problem = _calendar(calendar_id).problem
    flash(
        f"{name}: {problem}" if problem else f"{name} has been read.", "warn" if problem else "good"
    )
    return redirect(url_for("booking.connections"), 303)


@blueprint.post("/calendar/connections/<uuid:calendar_id>/removal")
@allow(Role.CONSULTANT)
def disconnect(calendar_id: uuid.UUID) -> ResponseReturnValue:
    """One by its address; those of an account go with what is chosen there."""
    found = _calendar(calendar_id)
    if found.kind != "ics":
        abort(404)
    unsubscribe(found)
    flash(f"{found.name} is removed. What it took of your time is free again.", "good")
    return redirect(url_for("booking.connections"), 303)


def _mine() -> Consultant:
    own = select(Consultant).where(Consultant.person_id == current_user.id)
    return session.scalar(own) or abort(404)


def _calendar(calendar_id: uuid.UUID) -> OutsideCalendar:
    """One of the viewer's own; another's does not exist."""
    own = select(OutsideCalendar).where(OutsideCalendar.id == calendar_id)
    found = session.scalar(own.where(OutsideCalendar.consultant_id == _mine().id))
    return found or abort(404)


def _page(form: SubscribeForm) -> str:
    mine = _mine()
    return render_template(
        "booking/connections.html",
        consultant=mine,
        calendars=queries.connected(mine),
        accounts=accounts.of(mine),
        issuers=accounts.issuers(),
        form=form,
    )
