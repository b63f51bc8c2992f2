"""Codes for a reduction: made, watched, ended."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp import audit, outbox
from webapp.access import allow
from webapp.billing.models import Coupon
from webapp.billing.models.coupon import uses_of
from webapp.db import session
from webapp.firm.coupon_forms import CouponForm
from webapp.firm.views.room import KEEPERS, blueprint
from webapp.paging import paged


@blueprint.get("/coupons")
@allow(*KEEPERS)
def coupons() -> ResponseReturnValue:
    page = paged(select(Coupon).order_by(Coupon.created_at.desc(), Coupon.id))
    uses = uses_of([row.code for row in page.rows])
    return render_template("firm/coupons.html", page=page, uses=uses)


@blueprint.route("/coupons/new", methods=["GET", "POST"])
@allow(*KEEPERS)
def new_coupon() -> ResponseReturnValue:
    form = CouponForm()
    if not form.validate_on_submit():
        return render_template("firm/coupon.html", form=form), 422 if form.errors else 200
    made = form.coupon()
    session.add(made)
    session.flush()
    audit.record("coupon.created", made, code=made.code, percent=made.percent,
                 minor=made.amount_minor, months=made.months)  # fmt: skip
    outbox.enqueue("billing.prepare_coupon", made.id)
    flash(f"{made.code} can be used from now on.", "good")
    return redirect(url_for("firm.coupons"), 303)


@blueprint.post("/coupons/<uuid:coupon_id>/end")
@allow(*KEEPERS)
def end_coupon(coupon_id: uuid.UUID) -> ResponseReturnValue:
    found = session.get(Coupon, coupon_id, with_for_update=True) or abort(404)
    found.end()
    flash(f"Nobody can use {found.code} any more. Whoever has it keeps it.", "good")
    return redirect(url_for("firm.coupons"), 303)
