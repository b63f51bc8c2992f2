"""An invoice that was paid outside Stripe: finance records it, and nobody is chased any more."""

from __future__ import annotations

import uuid

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from webapp.access import Role, allow
from webapp.billing.forms.owing import ElsewhereForm
from webapp.billing.views.owing.found import invoice_of, its_page, viewer
from webapp.billing.views.room import blueprint


@blueprint.route("/practice/invoices/<uuid:invoice_id>/paid-elsewhere", methods=["GET", "POST"])
@allow(Role.FINANCE, Role.OWNER)
def paid_elsewhere(invoice_id: uuid.UUID) -> ResponseReturnValue:
    """GET asks how it was paid; POST writes it down, and a job tells Stripe."""
    invoice, form = invoice_of(invoice_id), ElsewhereForm()
    settled = invoice.status not in {"open", "uncollectible"} or invoice.settled_note
    page = {"invoice": invoice, "engagement": invoice.engagement, "form": form, "settled": settled}
    if request.method == "GET":
        return render_template("billing/owing/elsewhere.html", **page)
    if settled:
        return render_template("billing/owing/elsewhere.html", **page), 409
    if not form.validate():
        return render_template("billing/owing/elsewhere.html", **page), 422
    invoice.settle_elsewhere(form.note.data or "", viewer().name)
    flash("Recorded: nothing more is collected or asked for.", "good")
    return its_page(invoice.engagement)
