"""Out of office: from one date to another, with somebody who stands in."""

from __future__ import annotations

import uuid

from flask import abort, flash, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp.access import allow
from webapp.accounts.models import Person
from webapp.booking.forms.availability import AbsenceForm
from webapp.booking.hours.collisions import Collision, meetings_of
from webapp.booking.models import Absence
from webapp.booking.models.substituting import (
    come_back,
    free_to_stand_in,
    hand_over,
    hold_handed_still,
    hold_still,
    would_come_back,
)
from webapp.booking.views.availability.storing import ask, done, made, unseen
from webapp.booking.views.availability.undoing import undo_token
from webapp.booking.views.availability.whose import EDITORS, changing, page, shown, today_of
from webapp.booking.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.db import session


@blueprint.get("/availability/absences")
@blueprint.get("/consultants/<uuid:consultant_id>/availability/absences")
@allow(*EDITORS)
def edit_absence(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    consultant = shown(consultant_id)
    form = AbsenceForm(formdata=None)
    _prepare(form, consultant)
    return page("absence", consultant, form=form)


@blueprint.post("/availability/absences")
@blueprint.post("/consultants/<uuid:consultant_id>/availability/absences")
@allow(*EDITORS)
def set_absence(consultant_id: uuid.UUID | None = None) -> ResponseReturnValue:
    hold_still(shown(consultant_id))
    consultant = changing(consultant_id, *_named("substitute"))
    form = AbsenceForm()
    _prepare(form, consultant)
    if not form.validate():
        return page("absence", consultant, form=form), 422
    absence = _absence(form, consultant)
    found = made(consultant, lambda: session.add(absence))
    if unseen(found):
        return _ask(consultant, absence, found)
    handed = hand_over(absence, meetings_of(found))
    return done(consultant, "absence", _saved(absence, len(handed)), found)


@blueprint.get("/availability/absences/<uuid:absence_id>/return")
@blueprint.get("/consultants/<uuid:consultant_id>/availability/absences/<uuid:absence_id>/return")
@allow(*EDITORS)
def ask_about_absence(
    absence_id: uuid.UUID, consultant_id: uuid.UUID | None = None
) -> ResponseReturnValue:
    """What ending it would do to the meetings, before anything is done."""
    consultant = shown(consultant_id)
    found, today = _known(absence_id, consultant), today_of(consultant)
    handed, free = would_come_back(found, today)
    kind = "back" if found.first < today else "absence"
    return page("removal", consultant, kind=kind, row=found, handed=handed, free=free)


@blueprint.post("/availability/absences/<uuid:absence_id>/return")
@blueprint.post("/consultants/<uuid:consultant_id>/availability/absences/<uuid:absence_id>/return")
@allow(*EDITORS)
def end_absence(
    absence_id: uuid.UUID, consultant_id: uuid.UUID | None = None
) -> ResponseReturnValue:
    """Be back today; one that has not begun is removed. Meetings come back where they can."""
    found = _known(absence_id, shown(consultant_id))
    hold_handed_still(found)
    consultant = changing(consultant_id, *filter(None, [found.substitute_id]))
    session.refresh(found)
    begun, name = found.first < today_of(consultant), _substitute_name(found)
    undo = _undo(found, consultant)
    taken, left = come_back(found, today_of(consultant))
    if left:
        flash(f"{_count(len(left))} stay{'s' * (len(left) == 1)} with {name}: you have something "
              "else at that time, or do not work then.", "warn")  # fmt: skip
    message = "Welcome back." if begun else "The absence is removed."
    back = f" {_count(len(taken))} handed back; everybody is told by mail." if taken else ""
    return done(consultant, "absence", message + back, (), **({} if taken or left else undo))


def _known(absence_id: uuid.UUID, consultant: Consultant) -> Absence:
    found = session.get(Absence, absence_id)
    return found if found and found.consultant_id == consultant.id else abort(404)


def _undo(absence: Absence, consultant: Consultant) -> dict[str, str]:
    """Only an absence that is still ahead can be entered again."""
    if absence.first < today_of(consultant):
        return {}
    values = {"first": absence.first, "last": absence.last, "note": absence.note}
    before = AbsenceForm(formdata=None, data=values | {"substitute": absence.substitute_id or ""})
    before.substitute.choices = [str(before.substitute.data)]
    label = "Put the absence back"
    return {"undo": undo_token(consultant, "booking.set_absence", label, before)}


def _prepare(form: AbsenceForm, consultant: Consultant) -> None:
    form.today = today_of(consultant)
    own = select(Absence.first, Absence.last).where(Absence.consultant_id == consultant.id)
    form.taken = [(first, last) for first, last in session.execute(own)]
    form.substitute.choices = [("", "Nobody"), *_substitutes(consultant)]


def _substitutes(consultant: Consultant) -> list[tuple[str, str]]:
    """Consultants who hold one of their roles, by name."""
    rows = (
        select(Consultant)
        .join(Consultant.person)
        .where(Consultant.id != consultant.id, Consultant.published)
        .where(Consultant.roles.overlap(consultant.roles))
        .order_by(Person.name, Consultant.id)
    )
    found = session.scalars(rows)
    return [(str(row.id), f"{row.name} ({', '.join(row.role_labels)})") for row in found]


def _named(field: str) -> list[uuid.UUID]:
    """The id that a form sent; none for anything else."""
    try:
        return [uuid.UUID(request.form.get(field, ""))]
    except ValueError:
        return []


def _absence(form: AbsenceForm, consultant: Consultant) -> Absence:
    chosen = form.substitute.data
    return Absence(
        consultant=consultant,
        first=form.first.data,
        last=form.last.data,
        substitute=session.get(Consultant, uuid.UUID(chosen)) if chosen else None,
        note=form.note.data or "",
    )


def _ask(consultant: Consultant, absence: Absence, found: list[Collision]) -> ResponseReturnValue:
    if absence.substitute is None:
        return ask(consultant, found)
    free = free_to_stand_in(absence.substitute, meetings_of(found))
    return ask(consultant, found, absence.substitute.name, free)


def _saved(absence: Absence, handed: int) -> str:
    if not handed:
        return "The absence is saved."
    to = _substitute_name(absence)
    return f"The absence is saved. {_count(handed)} handed to {to}; everybody is told by mail."


def _substitute_name(absence: Absence) -> str:
    return absence.substitute.name if absence.substitute else ""


def _count(meetings: int) -> str:
    return "One meeting" if meetings == 1 else f"{meetings} meetings"
