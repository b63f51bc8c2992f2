"""One invoice as the client reads it, and its document."""

from __future__ import annotations

import uuid

from flask import abort, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from webapp import audit
from webapp.access import Role, allow
from webapp.billing.models import CreditNote, Invoice
from webapp.billing.owing.set_off import replaced_by
from webapp.billing.owing.standing import may_see
from webapp.billing.states import client_states_of
from webapp.billing.views.room import blueprint
from webapp.db import session

WEB = ("https://", "http://")


def _found(invoice_id: uuid.UUID) -> Invoice:
    """An invoice of a company that the viewer decides or pays for; 404 for any other."""
    rows = may_see(current_user).where(Invoice.id == invoice_id)
    return session.scalar(rows.options(selectinload(Invoice.refunds))) or abort(404)


def _notes(invoice: Invoice) -> list[CreditNote]:
    rows = select(CreditNote).where(CreditNote.invoice_id == invoice.id)
    issued = rows.where(CreditNote.state == "issued")
    return list(session.scalars(issued.order_by(CreditNote.created_at)))


@blueprint.get("/billing/invoices/<uuid:invoice_id>")
@allow(Role.SPONSOR, Role.BILLING)
def client_invoice(invoice_id: uuid.UUID) -> ResponseReturnValue:
    invoice = _found(invoice_id)
    return render_template(
        "billing/client/invoice.html",
        invoice=invoice,
        state=client_states_of([invoice])[invoice.id],
        engagement=invoice.engagement,
        notes=_notes(invoice),
        replaced=replaced_by(invoice),
        zone=current_user.time_zone,
    )


@blueprint.get("/billing/invoices/<uuid:invoice_id>/pdf")
@allow(Role.SPONSOR, Role.BILLING)
def invoice_pdf(invoice_id: uuid.UUID) -> ResponseReturnValue:
    """The PDF, which Stripe keeps, for those who may see it."""
    invoice = _found(invoice_id)
    if not invoice.pdf_url.startswith(WEB):
        abort(404)
    audit.record("invoice.downloaded", invoice)
    return redirect(invoice.pdf_url, 303)


@blueprint.get("/billing/credit-notes/<uuid:note_id>/pdf")
@allow(Role.SPONSOR, Role.BILLING)
def credit_note_pdf(note_id: uuid.UUID) -> ResponseReturnValue:
    note = session.get(CreditNote, note_id) or abort(404)
    _found(note.invoice_id)
    if note.state != "issued" or not note.pdf_url.startswith(WEB):
        abort(404)
    return redirect(note.pdf_url, 303)
