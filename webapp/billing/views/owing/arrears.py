"""An invoice that stays unpaid after ten days: pause the engagement, or go on."""

from __future__ import annotations

import uuid

from flask import flash, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import Field

from webapp import clock
from webapp.access import Role, allow
from webapp.billing.forms.owing import GoOnForm, PauseForm, month_from
from webapp.billing.models import ArrearsDecision, Invoice
from webapp.billing.views.owing.found import invoice_of, its_page, viewer
from webapp.billing.views.room import blueprint
from webapp.db import session
from webapp.engagements.models import ChangeRefused


@blueprint.get("/practice/invoices/<uuid:invoice_id>/arrears")
@allow(Role.COORDINATOR, Role.OWNER)
def arrears(invoice_id: uuid.UUID) -> ResponseReturnValue:
    """What is unpaid, what was tried, and the two ways on."""
    return _page(invoice_of(invoice_id))


@blueprint.post("/practice/invoices/<uuid:invoice_id>/arrears/go-on")
@allow(Role.COORDINATOR, Role.OWNER)
def go_on(invoice_id: uuid.UUID) -> ResponseReturnValue:
    invoice, form = invoice_of(invoice_id), GoOnForm()
    if not invoice.asks_decision:
        return _page(invoice), 409
    if not form.validate():
        return _page(invoice, going_on=form), 422
    ArrearsDecision.note(invoice, "go_on", form.reason.data or "", viewer().name)
    flash("The work goes on; that is noted with your reason.", "good")
    return its_page(invoice.engagement)


@blueprint.post("/practice/invoices/<uuid:invoice_id>/arrears/pause")
@allow(Role.COORDINATOR, Role.OWNER)
def pause_unpaid(invoice_id: uuid.UUID) -> ResponseReturnValue:
    """Pause from today, by the engagement's own verb."""
    invoice, form = invoice_of(invoice_id), PauseForm()
    if not invoice.asks_decision:
        return _page(invoice), 409
    if not form.validate():
        return _page(invoice, pausing=form), 422
    engagement, reason = invoice.engagement, form.why.data or ""
    assert form.resumes_on.data is not None
    try:
        engagement.plan_pause(engagement.today, form.resumes_on.data, viewer(), reason)
    except ChangeRefused as refused:
        field: Field = form.resumes_on
        field.errors = [str(refused)]
        return _page(invoice, pausing=form), 422
    ArrearsDecision.note(invoice, "pause", reason, viewer().name)
    flash("It pauses from today; everybody concerned is told.", "good")
    return its_page(engagement)


def _page(
    invoice: Invoice, going_on: GoOnForm | None = None, pausing: PauseForm | None = None
) -> str:
    rows = select(ArrearsDecision).where(ArrearsDecision.invoice_id == invoice.id)
    resumes_on = month_from(invoice.engagement.local_date(clock.now()))
    return render_template(
        "billing/owing/arrears.html",
        invoice=invoice,
        engagement=invoice.engagement,
        decisions=session.scalars(rows.order_by(ArrearsDecision.at.desc())).all(),
        going_on=going_on or GoOnForm(formdata=None),
        pausing=pausing or PauseForm(formdata=None, resumes_on=resumes_on),
        zone=viewer().time_zone,
    )
