"""Offerings, edited. An edit is a new version; what was sold keeps its terms."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from slugify import slugify
from sqlalchemy import select

from webapp import audit
from webapp.access import FIRM, Role, allow
from webapp.catalog.models import Offering
from webapp.db import session
from webapp.firm.forms import OfferingForm
from webapp.firm.views.room import blueprint

EDITORS = (Role.OWNER, Role.COORDINATOR)


@blueprint.get("/offerings")
@allow(FIRM)
def offerings() -> ResponseReturnValue:
    rows = session.scalars(select(Offering).order_by(Offering.position, Offering.name)).all()
    return render_template("firm/offerings.html", offerings=rows)


@blueprint.route("/offerings/new", methods=["GET", "POST"])
@allow(*EDITORS)
def new_offering() -> ResponseReturnValue:
    form = OfferingForm(data={"minimum_months": 3, "notice_days": 30, "full_refund_days": 7,
                              "late_refund_percent": 50, "sold": True})  # fmt: skip
    if not form.validate_on_submit():
        return _form_page(form, None)
    offering = Offering(slug=_free_slug(form.name.data))
    form.apply(offering)
    session.add(offering)
    session.flush()
    return _saved(offering, "offering.created")


@blueprint.route("/offerings/<uuid:offering_id>", methods=["GET", "POST"])
@allow(*EDITORS)
def offering(offering_id: uuid.UUID) -> ResponseReturnValue:
    found = session.get(Offering, offering_id) or abort(404)
    form = OfferingForm.of(found)
    if not form.validate_on_submit():
        return _form_page(form, found)
    form.apply(found)
    found.version += 1
    return _saved(found, "offering.changed")


def _form_page(form: OfferingForm, offering: Offering | None) -> ResponseReturnValue:
    page = render_template("firm/offering.html", form=form, offering=offering)
    return page, 422 if form.errors else 200


def _saved(offering: Offering, action: str) -> ResponseReturnValue:
    audit.record(action, offering, version=offering.version, price_minor=offering.price_minor)
    flash(f"“{offering.name}” is saved.", "good")
    return redirect(url_for("firm.offerings"), 303)


def _free_slug(name: str) -> str:
    slug = slugify(name)[:60] or "offering"
    taken = session.scalar(select(Offering.id).where(Offering.slug == slug))
    return f"{slug}-{uuid.uuid4().hex[:6]}" if taken else slug
