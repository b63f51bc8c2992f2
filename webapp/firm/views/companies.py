"""Client companies: billing details, net days, tax ids."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp import audit, outbox
from webapp.access import FIRM, allow
from webapp.accounts.models import Company
from webapp.accounts.tax_ids import KINDS
from webapp.billing.forms.details import TaxIdForm
from webapp.billing.models import Customer, Invoice
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.firm.company_forms import CompanyForm
from webapp.firm.forms import SearchForm
from webapp.firm.views.room import blueprint
from webapp.paging import paged


@blueprint.get("/companies")
@allow(FIRM)
def companies() -> ResponseReturnValue:
    rows = select(Company).order_by(Company.name, Company.id)
    wanted = request.args.get("q", "").strip()
    if wanted:
        rows = rows.where(Company.name.icontains(wanted, autoescape=True))
    return render_template("firm/companies.html", page=paged(rows), form=SearchForm.over((), {}))


@blueprint.route("/companies/<uuid:company_id>", methods=["GET", "POST"])
@allow(FIRM)
def company(company_id: uuid.UUID) -> ResponseReturnValue:
    found = session.get(Company, company_id) or abort(404)
    form = CompanyForm(obj=found)
    if not form.validate_on_submit():
        return _page(found, form, TaxIdForm.blank(found)), 422 if form.errors else 200
    changed = form.apply(found)
    if changed:
        audit.record("company.changed", found, **changed)
        _tell_stripe(found)
    flash(f"“{found.name}” is saved.", "good")
    return redirect(url_for("firm.company", company_id=found.id), 303)


@blueprint.post("/companies/<uuid:company_id>/tax-ids")
@allow(FIRM)
def add_tax_id(company_id: uuid.UUID) -> ResponseReturnValue:
    found = session.get(Company, company_id, with_for_update=True) or abort(404)
    form = TaxIdForm()
    if not form.validate():
        return _page(found, CompanyForm(formdata=None, obj=found), form), 422
    if found.add_tax_id(form.kind.data, form.value.data or ""):
        audit.record("company.tax_id_added", found, kind=form.kind.data, value=form.value.data)
        _tell_stripe(found)
    flash("The number is on file; it stands on the invoices from now on.", "good")
    return redirect(url_for("firm.company", company_id=found.id), 303)


@blueprint.post("/companies/<uuid:company_id>/tax-ids/<uuid:tax_id>/remove")
@allow(FIRM)
def remove_tax_id(company_id: uuid.UUID, tax_id: uuid.UUID) -> ResponseReturnValue:
    found = session.get(Company, company_id, with_for_update=True) or abort(404)
    gone = next((row for row in found.tax_ids if row.id == tax_id), None) or abort(404)
    found.tax_ids.remove(gone)
    audit.record("company.tax_id_removed", found, kind=gone.kind, value=gone.value)
    _tell_stripe(found)
    flash("The number is off the invoices from now on.", "good")
    return redirect(url_for("firm.company", company_id=found.id), 303)


def _tell_stripe(company: Company) -> None:
    """Only who has bought is known there; whoever buys is described then."""
    if Customer.of(company.id):
        key = f"billing.describe_customer:{company.id}:{uuid.uuid4()}"
        outbox.enqueue("billing.describe_customer", company.id, key=key)


def _page(company: Company, form: CompanyForm, tax_form: TaxIdForm) -> str:
    theirs = select(Engagement).where(Engagement.company_id == company.id)
    return render_template(
        "firm/company.html",
        company=company,
        form=form,
        tax_form=tax_form,
        kinds=KINDS,
        currency=Invoice.currency_of(company.id),
        engagements=session.scalars(theirs.order_by(Engagement.created_at.desc())).all(),
    )
