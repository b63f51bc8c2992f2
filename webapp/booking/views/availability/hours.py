"""The weekly hours."""

from __future__ import annotations

import uuid
from functools import partial

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, select

from webapp.access import allow
from webapp.booking.forms.availability import WEEK_ORDER, WeeklyForm
from webapp.booking.hours.windows import Pair
from webapp.booking.models import WeeklyWindow
from webapp.booking.views.availability.storing import store
from webapp.booking.views.availability.undoing import undo_token, undoing
from webapp.booking.views.availability.whose import EDITORS, changing, page, shown
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.db import session


@blueprint.get("/availability/hours")
@blueprint.get("/consultants/<uuid:consultant_id>/availability/hours")
@allow(*EDITORS)
def edit_hours(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    consultant = shown(consultant_id)
    return page("hours", consultant, form=WeeklyForm.of(weekly_hours(consultant)))


@blueprint.post("/availability/hours")
@blueprint.post("/consultants/<uuid:consultant_id>/availability/hours")
@allow(*EDITORS)
def set_hours(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    """Store the week; a press on a button of the form itself (`step`) only changes the form."""
    consultant, form = changing(consultant_id), WeeklyForm()
    if "step" in request.form:
        return page("hours", consultant, form=form.altered(request.form["step"]), unsaved=True)
    if not form.validate():
        return page("hours", consultant, form=form), 422
    undo = _undo_token(consultant)
    change = partial(_set, consultant, form)
    return store(consultant, "hours", _saved(), change, undo=undo)


def _saved() -> str:
    return "The hours of before are back." if undoing() else "The weekly hours are saved."


def weekly_hours(consultant: Consultant) -> dict[int, list[Pair]]:
    """The windows of each weekday, from Monday to Sunday, in order."""
    own = select(WeeklyWindow).where(WeeklyWindow.consultant_id == consultant.id)
    found: dict[int, list[Pair]] = {day: [] for day in WEEK_ORDER}
    for row in session.scalars(own.order_by(WeeklyWindow.starts)):
        found[row.weekday].append((row.starts, row.ends))
    return found


def _undo_token(consultant: Consultant) -> str:
    label = "Put the changed hours back" if undoing() else "Bring back the hours of before"
    before = WeeklyForm.of(weekly_hours(consultant))
    return undo_token(consultant, "booking.set_hours", label, before)


def _set(consultant: Consultant, form: WeeklyForm) -> None:
    session.execute(delete(WeeklyWindow).where(WeeklyWindow.consultant_id == consultant.id))
    session.add_all(
        WeeklyWindow(consultant_id=consultant.id, weekday=day, starts=starts, ends=ends)
        for day, pairs in form.windows.items()
        for starts, ends in pairs
    )
