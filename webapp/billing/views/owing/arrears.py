"""An invoice that stays unpaid after ten days: pause the engagement, go on, or end it."""

from __future__ import annotations

import uuid
from datetime import date

from flask import flash, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import Field

from webapp import clock
from webapp.access import Role, allow
from webapp.billing.changing import given_up
from webapp.billing.changing.closing import foreseen
from webapp.billing.forms.owing import EndForm, GoOnForm, PauseForm, month_from
from webapp.billing.models import ArrearsDecision, Invoice, Subscription
from webapp.billing.views.owing.found import invoice_of, its_page, viewer
from webapp.billing.views.room import blueprint
from webapp.db import session
from webapp.engagements.models import ChangeRefused, Engagement
from webapp.web import format_day


@blueprint.get("/practice/invoices/<uuid:invoice_id>/arrears")
@allow(Role.COORDINATOR, Role.OWNER)
def arrears(invoice_id: uuid.UUID) -> ResponseReturnValue:
    """What is unpaid, what was tried, and the three ways on."""
    return _page(invoice_of(invoice_id))


@blueprint.post("/practice/invoices/<uuid:invoice_id>/arrears/go-on")
@allow(Role.COORDINATOR, Role.OWNER)
def go_on(invoice_id: uuid.UUID) -> ResponseReturnValue:
    invoice, form = invoice_of(invoice_id), GoOnForm()
    if not invoice.asks_decision:
        return _page(invoice), 409
    if not form.validate():
        return _page(invoice, going_on=form), 422
    _decided(invoice, "go_on", form.reason.data or "")
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
    _decided(invoice, "pause", reason)
    flash("It pauses from today; everybody concerned is told.", "good")
    return its_page(engagement)


@blueprint.post("/practice/invoices/<uuid:invoice_id>/arrears/end")
@allow(Role.COORDINATOR, Role.OWNER)
def end_unpaid(invoice_id: uuid.UUID) -> ResponseReturnValue:
    """End it for not being paid, with no notice: the final invoice asks for the days worked."""
    invoice, form = invoice_of(invoice_id), EndForm()
    if not invoice.asks_decision:
        return _page(invoice), 409
    engagement = invoice.engagement
    form.offer(*_end_days(engagement))
    if not form.validate():
        return _page(invoice, ending=form), 422
    engagement.cut_off(form.day, form.because.data or "", viewer())
    _decided(invoice, "end", form.because.data or "")
    flash(f"It ends on {format_day(form.day)}; everybody concerned is told.", "good")
    return its_page(engagement)


def _end_days(engagement: Engagement) -> tuple[date, date]:
    """Today, and where the month that runs ends; no later than notice given has it."""
    today, month_ends = engagement.today, engagement.month_after(engagement.today)
    return today, min(month_ends, engagement.ends_on or month_ends)


def _decided(invoice: Invoice, decision: str, reason: str) -> None:
    ArrearsDecision.note(invoice, decision, reason, viewer().name)
    given_up.decided(invoice.engagement)


def _page(
    invoice: Invoice,
    going_on: GoOnForm | None = None,
    pausing: PauseForm | None = None,
    ending: EndForm | None = None,
) -> str:
    if ending is None:
        ending = EndForm(formdata=None)
        ending.offer(*_end_days(invoice.engagement))
    rows = select(ArrearsDecision).where(ArrearsDecision.invoice_id == invoice.id)
    resumes_on = month_from(invoice.engagement.local_date(clock.now()))
    return render_template(
        "billing/owing/arrears.html",
        invoice=invoice,
        engagement=invoice.engagement,
        mirror=Subscription.of(invoice.engagement),
        decisions=session.scalars(rows.order_by(ArrearsDecision.at.desc())).all(),
        going_on=going_on or GoOnForm(formdata=None),
        pausing=pausing or PauseForm(formdata=None, resumes_on=resumes_on),
        ending=ending,
        foreseen=[(label, foreseen(invoice.engagement, day)) for day, label in ending.offered],
        zone=viewer().time_zone,
    )
