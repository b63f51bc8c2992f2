"""One meeting: its page, its calendar file, calling it off, and saying who did not come."""

from __future__ import annotations

import uuid
from typing import NoReturn

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms.fields.choices import SelectChoice

from webapp import audit
from webapp.access import SIGNED_IN, Role, allow
from webapp.accounts.models import Person
from webapp.booking import history
from webapp.booking.forms.changes import CancelForm, MissedForm
from webapp.booking.models import Booking, ChangedMeanwhile, MeetingOver, TooLate
from webapp.booking.models.attendee import SIDES
from webapp.booking.models.meeting import CLIENT_MAY_CHANGE, FIRM_MAY_CHANGE
from webapp.booking.views.calendars import as_file
from webapp.booking.views.room import blueprint
from webapp.db import session
from webapp.web import chosen_zone

MAY_CHANGE = FIRM_MAY_CHANGE | CLIENT_MAY_CHANGE | {Role.CONSULTANT}
CANNOT_MARK = "Nobody can be marked as missing now: it has just changed, or has hardly begun."


@blueprint.get("/meetings/<uuid:booking_id>")
@allow(SIGNED_IN)
def meeting(booking_id: uuid.UUID) -> ResponseReturnValue:
    return _page(found(booking_id))


@blueprint.get("/meetings/<uuid:booking_id>.ics")
@allow(SIGNED_IN)
def meeting_file(booking_id: uuid.UUID) -> ResponseReturnValue:
    return as_file(found(booking_id), current_user)


# -- calling it off --------------------------------------------------------------------------------


@blueprint.get("/meetings/<uuid:booking_id>/cancel")
@allow(MAY_CHANGE)
def cancel_meeting(booking_id: uuid.UUID) -> ResponseReturnValue:
    return _cancel_page(found_to_change(booking_id))


@blueprint.post("/meetings/<uuid:booking_id>/cancel")
@allow(MAY_CHANGE)
def send_cancel(booking_id: uuid.UUID) -> ResponseReturnValue:
    booked = found_to_change(booking_id)
    refused = call_off(booked, reader(), form := CancelForm())
    if refused:
        return _cancel_page(booked, form, refused == 409), refused
    flash("The meeting is called off. Everyone is told by mail.", "good")
    return _back(booked)


def call_off(booked: Booking, person: Person, form: CancelForm, seen: int | None = None) -> int:
    """Call it off as the form says; 0, or the status with which that is refused."""
    if not form.validate():
        return 422
    if not booked.cancellable:
        return 409
    try:
        booked.cancel(form.reason.data or "", person, form.seen if seen is None else seen)
    except (ChangedMeanwhile, MeetingOver, TooLate):
        return 409
    return 0


def cancel_page(
    booked: Booking, person: Person, action: str, form: CancelForm | None, changed: bool
) -> str:
    return render_template(
        "booking/cancel_meeting.html",
        meeting=booked,
        title=booked.title_for(person),
        form=form or CancelForm(formdata=None, sequence=booked.sequence),
        action=action,
        in_time=booked.in_time(person),
        until=booked.change_until if booked.bound_by_notice(person) else None,
        consultants=booked.people("consultant"),
        by_link=not current_user.is_authenticated,
        changed=changed,
        zone=zone_of(person),
    )


def _cancel_page(booked: Booking, form: CancelForm | None = None, changed: bool = False) -> str:
    action = url_for("booking.cancel_meeting", booking_id=booked.id)
    return cancel_page(booked, reader(), action, form, changed)


# -- who did not come ------------------------------------------------------------------------------


@blueprint.post("/meetings/<uuid:booking_id>/missed")
@allow(MAY_CHANGE)
def mark_missed(booking_id: uuid.UUID) -> ResponseReturnValue:
    booked, form = found_to_change(booking_id), MissedForm()
    form.side.choices = sides_to_mark(booked, reader())
    if not form.validate():
        return _page(booked, form), 422
    try:
        booked.miss(form.side.data, reader())
    except MeetingOver:
        return _page(booked, form, CANNOT_MARK), 409
    flash("Noted. The others are told by mail, with a link to another time.", "good")
    return _back(booked)


@blueprint.post("/meetings/<uuid:booking_id>/missed/withdrawn")
@allow(MAY_CHANGE)
def withdraw_missed(booking_id: uuid.UUID) -> ResponseReturnValue:
    booked = found_to_change(booking_id)
    if not _may_withdraw(booked):
        _refuse(booked)
    try:
        booked.withdraw_miss(reader())
    except MeetingOver:
        return _page(booked), 409
    flash("Taken back: the meeting stands as it was.", "good")
    return _back(booked)


def sides_to_mark(booked: Booking, person: Person) -> list[SelectChoice]:
    """Clients say so of the consultant only; the firm and consultants of either."""
    names = {side: " and ".join(who.name for who in booked.people(side)) for side in SIDES}
    sides = ("consultant",) if booked.bound_by_notice(person) else SIDES
    return [SelectChoice(side, names[side] or side.capitalize()) for side in sides]


def _may_withdraw(booked: Booking) -> bool:
    """Whoever marked it, the consultants, and the firm."""
    person = reader()
    return booked.marked_by_id == person.id or not booked.bound_by_notice(person)


# -- for the neighbours ----------------------------------------------------------------------------


def found(booking_id: uuid.UUID) -> Booking:
    """The viewer's meeting, or 404."""
    mine = Booking.visible_to(current_user).where(Booking.id == booking_id)
    return session.scalar(mine) or abort(404)


def found_to_change(booking_id: uuid.UUID) -> Booking:
    """The viewer's meeting, or 404; 403 for whoever only reads it."""
    booked = found(booking_id)
    return booked if booked.changeable_by(reader()) else _refuse(booked)


def _refuse(booked: Booking) -> NoReturn:
    audit.record_refusal("access.refused", booked)
    abort(403)


def zone_of(person: Person) -> str:
    """The account's, whatever the browser says, unless another is chosen on the page."""
    return chosen_zone() or str(person.time_zone)


def reader() -> Person:
    person: Person = current_user._get_current_object()
    return person


def _back(booked: Booking) -> ResponseReturnValue:
    return redirect(url_for("booking.meeting", booking_id=booked.id), 303)


def _page(booked: Booking, form: MissedForm | None = None, refused: str = "") -> str:
    person = reader()
    if form is None:
        form = MissedForm(formdata=None)
        form.side.choices = sides_to_mark(booked, person)
    may_change = booked.changeable_by(person)
    return render_template(
        "booking/meeting.html",
        meeting=booked,
        title=booked.title_for(person),
        zone=zone_of(person),
        may_change=may_change,
        in_time=booked.in_time(person),
        until=booked.change_until if booked.bound_by_notice(person) else None,
        consultants=[who for who in booked.people("consultant") if who is not person],
        may_withdraw=may_change and booked.state == "missed" and _may_withdraw(booked),
        missed_form=form,
        refused=refused,
        history=history.of(booked),
    )
