"""Money back: what was given of an invoice, and giving more; the disputes."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp import audit
from webapp.access import Role, allow
from webapp.billing.forms.returning import MEANS, GiveBackForm
from webapp.billing.models import CreditNote, Dispute, Invoice, Payment, Refund
from webapp.billing.patience import patience
from webapp.billing.returning.giving import CannotGive, give, make_again, means_of
from webapp.billing.returning.left import contested, left_of
from webapp.billing.returning.made_of import made_of
from webapp.billing.returning.preview import preview
from webapp.billing.views.room import blueprint
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.outbox import RetryLater
from webapp.paging import paged

BUSY = "Somebody is at this engagement’s money just now. Try again in a moment."
MONEY = (Role.FINANCE, Role.OWNER)


@blueprint.get("/practice/invoices/<uuid:invoice_id>/give-back")
@allow(*MONEY)
def give_back(invoice_id: uuid.UUID) -> ResponseReturnValue:
    """What was paid, what of it was given back and how far that is, and the form to give more."""
    invoice = _found(invoice_id)
    audit.record("invoice.looked_at", invoice)
    return _page(invoice, _form(invoice))


@blueprint.post("/practice/invoices/<uuid:invoice_id>/give-back")
@allow(*MONEY)
def preview_giving(invoice_id: uuid.UUID) -> ResponseReturnValue:
    """What it will set off, to be confirmed."""
    invoice = _found(invoice_id)
    form = _form(invoice)
    if not form.validate():
        return _page(invoice, form), 422
    if contested(invoice):
        return _page(invoice, form), 409
    form.once.data = str(uuid.uuid4())
    shown = preview(invoice, form.decision(str(current_user.email)))
    return render_template(
        "billing/returning/confirm.html",
        invoice=invoice,
        form=form,
        preview=shown,
        parts=made_of(invoice, shown),
        words=MEANS,
    )


@blueprint.post("/practice/invoices/<uuid:invoice_id>/give-back/confirm")
@allow(*MONEY)
def confirm_giving(invoice_id: uuid.UUID) -> ResponseReturnValue:
    invoice = _found(invoice_id)
    form = _form(invoice)
    if form.once.data and _given(form.once.data):
        return redirect(url_for("billing.give_back", invoice_id=invoice_id), 303)
    if not form.validate():
        return _page(invoice, form), 422
    try:
        with patience():
            give(invoice_id, form.decision(str(current_user.email)))
    except CannotGive as refused:
        form.amount.errors = [*form.amount.errors, str(refused)]
        return _page(invoice, form), 409
    except RetryLater:
        flash(BUSY, "warn")
        return _page(invoice, form), 503
    assert form.money
    flash(f"{form.money.format()} is on its way. How far it is, is told here.", "good")
    return redirect(url_for("billing.give_back", invoice_id=invoice_id), 303)


@blueprint.post("/practice/invoices/<uuid:invoice_id>/credit-notes/<uuid:note_id>/again")
@allow(*MONEY)
def make_note_again(invoice_id: uuid.UUID, note_id: uuid.UUID) -> ResponseReturnValue:
    """One that was refused is tried once more."""
    invoice, note = _found(invoice_id), session.get(CreditNote, note_id)
    if note is None or note.invoice_id != invoice.id:
        abort(404)
    try:
        with patience():
            make_again(note_id, str(current_user.email))
    except CannotGive as refused:
        flash(str(refused), "bad")
        return _page(invoice, _form(invoice)), 409
    except RetryLater:
        flash(BUSY, "warn")
        return _page(invoice, _form(invoice)), 503
    flash("It is being made again. How far it is, is told here.", "good")
    return redirect(url_for("billing.give_back", invoice_id=invoice_id), 303)


def _found(invoice_id: uuid.UUID) -> Invoice:
    return session.get(Invoice, invoice_id) or abort(404)


def _form(invoice: Invoice) -> GiveBackForm:
    return GiveBackForm(left_of(invoice), means_of(invoice))


def _given(once: str) -> bool:
    try:
        name = uuid.UUID(once)
    except ValueError:
        return False
    return bool(Refund.named(name) or CreditNote.named(name))


def _page(invoice: Invoice, form: GiveBackForm) -> str:
    return render_template(
        "billing/returning/give_back.html",
        invoice=invoice,
        engagement=invoice.engagement,
        form=form,
        left=left_of(invoice),
        contested=contested(invoice),
        payments=Payment.of(invoice),
        refunds=sorted(invoice.refunds, key=lambda one: one.created_at),
        notes=CreditNote.of(invoice),
        disputes=Dispute.of(invoice),
        words=MEANS,
        zone=current_user.time_zone,
    )


@blueprint.get("/practice/disputes")
@allow(*MONEY)
def disputes() -> ResponseReturnValue:
    """Those that are open first, the most pressing on top."""
    company = joinedload(Dispute.payment).joinedload(Payment.invoice).joinedload(Invoice.engagement)
    rows = select(Dispute).options(company.joinedload(Engagement.company))
    rows = rows.order_by(
        Dispute.closed_at.is_not(None), Dispute.evidence_due_at, Dispute.opened_at.desc()
    )
    return render_template(
        "billing/returning/disputes.html", page=paged(rows), zone=current_user.time_zone
    )
