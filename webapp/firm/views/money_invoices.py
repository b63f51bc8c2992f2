"""Every invoice, and each one traced to what caused it and what came of it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload, selectinload

from webapp import audit
from webapp.access import FIRM, allow
from webapp.accounts.models import Company
from webapp.billing.books.invoice_trace import trace
from webapp.billing.books.overview import month_bounds
from webapp.billing.models import Invoice
from webapp.billing.states import STATES, state, states_of
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.firm.money_forms import InvoiceFilter
from webapp.firm.views.room import blueprint
from webapp.paging import paged
from webapp.web import firm_zone


@blueprint.get("/money/invoices")
@allow(FIRM)
def money_invoices() -> ResponseReturnValue:
    form = InvoiceFilter.of_request(_currencies())
    wrong = not form.validate()
    found = paged(_rows() if wrong else _filtered(_rows(), form))
    states = states_of(found.rows)
    page = render_template("firm/money_invoices.html", page=found, form=form, states=states)
    return page, 422 if wrong else 200


@blueprint.get("/money/invoices/<uuid:invoice_id>")
@allow(FIRM)
def money_invoice(invoice_id: uuid.UUID) -> ResponseReturnValue:
    found = session.get(Invoice, invoice_id) or abort(404)
    audit.record("invoice.looked_at", found)
    shown = {"trace": trace(found), "invoice": found, "state": states_of([found])[found.id]}
    return render_template("firm/money_invoice.html", **shown)


def _rows() -> Select[Any]:
    owner = joinedload(Invoice.engagement).joinedload(Engagement.company)
    rows = select(Invoice).options(owner, selectinload(Invoice.refunds))
    return rows.order_by(Invoice.issued_at.desc(), Invoice.id)


def _currencies() -> list[str]:
    return list(session.scalars(select(Invoice.currency).distinct().order_by(Invoice.currency)))


def _filtered(rows: Select[Any], form: InvoiceFilter) -> Select[Any]:
    rows = rows.where(*_wanted(form))
    if form.q.data:
        named = Company.name.icontains(form.q.data.strip(), autoescape=True)
        rows = rows.join(Invoice.engagement).join(Engagement.company).where(named)
    return rows


def _wanted(form: InvoiceFilter) -> list[ColumnElement[bool]]:
    wanted = []
    if form.state.data in STATES:
        wanted.append(state() == form.state.data)
    if form.currency.data:
        wanted.append(Invoice.currency == form.currency.data)
    if form.month.data:
        start, end = month_bounds(form.month.data, firm_zone())
        wanted += [Invoice.issued_at >= start, Invoice.issued_at < end]
    return wanted
