"""What the firm's pages about owing look up."""

from __future__ import annotations

import uuid

from flask import abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.accounts.models import Person
from webapp.billing.models import Invoice
from webapp.db import session
from webapp.engagements.models import Engagement


def invoice_of(invoice_id: uuid.UUID) -> Invoice:
    """The invoice, or 404; its engagement locked where something is about to change."""
    invoice = session.get(Invoice, invoice_id) or abort(404)
    if request.method == "POST":
        invoice.engagement.lock()
        session.refresh(invoice)
    return invoice


def engagement_of(engagement_id: uuid.UUID) -> Engagement:
    """The engagement once it has terms, or 404; locked where something is about to change."""
    found = session.get(Engagement, engagement_id) or abort(404)
    if not found.terms_history or found.company is None:
        abort(404)
    return found.lock() if request.method == "POST" else found


def viewer() -> Person:
    person: Person = current_user._get_current_object()
    return person


def its_page(engagement: Engagement) -> Response:
    return redirect(url_for("desk.engagement", engagement_id=engagement.id), 303)
