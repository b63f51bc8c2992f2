"""Consultants, added and edited."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from slugify import slugify
from sqlalchemy import select

from webapp import audit, outbox
from webapp.access import FIRM, Role, allow
from webapp.accounts.models import Person
from webapp.booking.models import CalendarRules, WeeklyWindow
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.firm.forms import ConsultantForm
from webapp.firm.views.offerings import EDITORS
from webapp.firm.views.room import blueprint
from webapp.paging import paged


@blueprint.get("/consultants")
@allow(FIRM)
def consultants() -> ResponseReturnValue:
    rows = select(Consultant).join(Consultant.person).order_by(Person.name)
    return render_template("firm/consultants.html", page=paged(rows))


@blueprint.route("/consultants/new", methods=["GET", "POST"])
@allow(*EDITORS)
def new_consultant() -> ResponseReturnValue:
    form = ConsultantForm(data={"days_per_month": 12, "published": True})
    if not form.validate_on_submit() or not _address_free(form, None):
        return _form_page(form, None)
    added = _add(form)
    return _saved(
        added, "consultant.created", f"{added.name} is added; a sign-in link is on its way."
    )


@blueprint.route("/consultants/<uuid:consultant_id>", methods=["GET", "POST"])
@allow(*EDITORS)
def consultant(consultant_id: uuid.UUID) -> ResponseReturnValue:
    found = session.get(Consultant, consultant_id) or abort(404)
    form = ConsultantForm.of(found)
    if not form.validate_on_submit() or not _address_free(form, found):
        return _form_page(form, found)
    form.apply(found)
    return _saved(found, "consultant.changed", f"{found.name} is saved.")


def _add(form: ConsultantForm) -> Consultant:
    """A new consultant is open on weekdays from nine to five, until they say otherwise."""
    person = Person(name=form.name.data, email=form.email.data, time_zone=form.time_zone.data)
    person.join(Role.CONSULTANT)
    added = Consultant(person=person, slug=f"{slugify(form.name.data)}-{uuid.uuid4().hex[:4]}")
    form.apply(added)
    session.add(added)
    session.flush()
    session.add(CalendarRules(consultant_id=added.id))
    for day in range(1, 6):
        hours = {"weekday": day, "starts": "09:00", "ends": "17:00"}
        session.add(WeeklyWindow(consultant_id=added.id, **hours))
    key = f"accounts.send_sign_in_link:{uuid.uuid4()}"
    outbox.enqueue("accounts.send_sign_in_link", person.email, key=key)
    return added


def _address_free(form: ConsultantForm, consultant: Consultant | None) -> bool:
    holder = Person.with_email(form.email.data)
    if holder is None or (consultant and holder is consultant.person):
        return True
    form.email.errors = [*form.email.errors, "Somebody else has this address."]
    return False


def _form_page(form: ConsultantForm, consultant: Consultant | None) -> ResponseReturnValue:
    page = render_template("firm/consultant.html", form=form, consultant=consultant)
    return page, 422 if form.errors else 200


def _saved(consultant: Consultant, action: str, message: str) -> ResponseReturnValue:
    audit.record(action, consultant, name=consultant.name)
    flash(message, "good")
    return redirect(url_for("firm.consultants"), 303)
