"""Single dates with hours of their own."""

from __future__ import annotations

import uuid
from datetime import date

from flask import abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, select

from webapp.access import allow
from webapp.booking.forms.availability import OverrideForm
from webapp.booking.models import DateOverride
from webapp.booking.picker.picking import day
from webapp.booking.views.availability.hours import weekly_hours
from webapp.booking.views.availability.storing import store
from webapp.booking.views.availability.undoing import undo_token
from webapp.booking.views.availability.whose import EDITORS, changing, page, shown, today_of
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.db import session


@blueprint.get("/availability/dates")
@blueprint.get("/consultants/<uuid:consultant_id>/availability/dates")
@allow(*EDITORS)
def edit_date(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    """The form; with ?on= as things stand for that date, with &work= as a day of work."""
    consultant, on = shown(consultant_id), day(request.args.get("on"))
    known = _of(consultant, on) if on else None
    if on and not known and "work" in request.args:
        usual = weekly_hours(consultant)[on.isoweekday() % 7]
        return page("date", consultant, form=OverrideForm.working(on, usual), known=None)
    pairs, note = (known.pairs, known.note) if known else ([], "")
    return page("date", consultant, form=OverrideForm.shown(on, pairs, note), known=known)


@blueprint.post("/availability/dates")
@blueprint.post("/consultants/<uuid:consultant_id>/availability/dates")
@allow(*EDITORS)
def set_date(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    """Other hours on one date; what stood for that date before is replaced."""
    consultant, form = changing(consultant_id), OverrideForm()
    form.today = today_of(consultant)
    if not form.validate():
        return page("date", consultant, form=form, known=None), 422
    return store(consultant, "date", "That date is saved.", lambda: _set(consultant, form))


@blueprint.get("/availability/dates/<uuid:override_id>/removal")
@blueprint.get("/consultants/<uuid:consultant_id>/availability/dates/<uuid:override_id>/removal")
@allow(*EDITORS)
def ask_about_date(
    override_id: uuid.UUID, consultant_id: uuid.UUID | None = None
) -> ResponseReturnValue:
    consultant = shown(consultant_id)
    found = _known(override_id, consultant)
    return page("removal", consultant, kind="date", row=found)


@blueprint.post("/availability/dates/<uuid:override_id>/removal")
@blueprint.post("/consultants/<uuid:consultant_id>/availability/dates/<uuid:override_id>/removal")
@allow(*EDITORS)
def remove_date(
    override_id: uuid.UUID, consultant_id: uuid.UUID | None = None
) -> ResponseReturnValue:
    consultant = changing(consultant_id)
    found = _known(override_id, consultant)
    before = OverrideForm.shown(found.on, found.pairs, found.note)
    undo = undo_token(consultant, "booking.set_date", "Put the date back", before)
    message = "The weekly hours hold again on that date."
    return store(consultant, "date", message, lambda: session.delete(found), undo=undo)


def _known(override_id: uuid.UUID, consultant: Consultant) -> DateOverride:
    found = session.get(DateOverride, override_id)
    return found if found and found.consultant_id == consultant.id else abort(404)


def _of(consultant: Consultant, on: date) -> DateOverride | None:
    same = DateOverride.consultant_id == consultant.id, DateOverride.on == on
    return session.scalar(select(DateOverride).where(*same))


def _set(consultant: Consultant, form: OverrideForm) -> None:
    same = DateOverride.consultant_id == consultant.id, DateOverride.on == form.on.data
    session.execute(delete(DateOverride).where(*same))
    values = {"on": form.on.data, "windows": form.windows, "note": form.note.data or ""}
    session.add(DateOverride(consultant_id=consultant.id, **values))
