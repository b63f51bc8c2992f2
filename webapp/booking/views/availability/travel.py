"""Travel: dates kept by another zone's clock."""

from __future__ import annotations

import uuid

from flask import abort
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp.access import allow
from webapp.booking.forms.availability import TravelForm
from webapp.booking.models import Travel
from webapp.booking.views.availability.storing import store
from webapp.booking.views.availability.undoing import undo_token
from webapp.booking.views.availability.whose import EDITORS, changing, page, shown, today_of
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.db import session


@blueprint.get("/availability/travel")
@blueprint.get("/consultants/<uuid:consultant_id>/availability/travel")
@allow(*EDITORS)
def edit_travel(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    consultant = shown(consultant_id)
    form = TravelForm(formdata=None)
    _prepare(form, consultant)
    return page("travel", consultant, form=form)


@blueprint.post("/availability/travel")
@blueprint.post("/consultants/<uuid:consultant_id>/availability/travel")
@allow(*EDITORS)
def set_travel(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    consultant, form = changing(consultant_id), TravelForm()
    _prepare(form, consultant)
    if not form.validate():
        return page("travel", consultant, form=form), 422
    values = {"first": form.first.data, "last": form.last.data, "time_zone": form.time_zone.data}
    trip = Travel(consultant_id=consultant.id, **values)
    return store(consultant, "travel", "The trip is saved.", lambda: session.add(trip))


@blueprint.get("/availability/travel/<uuid:travel_id>/removal")
@blueprint.get("/consultants/<uuid:consultant_id>/availability/travel/<uuid:travel_id>/removal")
@allow(*EDITORS)
def ask_about_travel(
    travel_id: uuid.UUID, consultant_id: uuid.UUID | None = None
) -> ResponseReturnValue:
    consultant = shown(consultant_id)
    return page("removal", consultant, kind="trip", row=_known(travel_id, consultant))


@blueprint.post("/availability/travel/<uuid:travel_id>/removal")
@blueprint.post("/consultants/<uuid:consultant_id>/availability/travel/<uuid:travel_id>/removal")
@allow(*EDITORS)
def remove_travel(
    travel_id: uuid.UUID, consultant_id: uuid.UUID | None = None
) -> ResponseReturnValue:
    consultant = changing(consultant_id)
    found = _known(travel_id, consultant)
    message = "The trip is removed: these dates are kept by the clock at home."
    return store(
        consultant, "travel", message, lambda: session.delete(found), **_undo(found, consultant)
    )


def _known(travel_id: uuid.UUID, consultant: Consultant) -> Travel:
    found = session.get(Travel, travel_id)
    return found if found and found.consultant_id == consultant.id else abort(404)


def _undo(trip: Travel, consultant: Consultant) -> dict[str, str]:
    """Only a trip that is still ahead can be entered again."""
    if trip.first < today_of(consultant):
        return {}
    before = TravelForm(formdata=None, obj=trip)
    label = "Put the trip back"
    return {"undo": undo_token(consultant, "booking.set_travel", label, before)}


def _prepare(form: TravelForm, consultant: Consultant) -> None:
    form.today = today_of(consultant)
    own = select(Travel.first, Travel.last).where(Travel.consultant_id == consultant.id)
    form.taken = [(first, last) for first, last in session.execute(own)]
    form.time_zone.offer(form.today, [consultant.time_zone])
