"""What stands on a client's invoices, and who gets them: changed by those who pay."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp import audit, outbox
from webapp.access import Role, allow
from webapp.accounts.models import Company, Person
from webapp.accounts.tax_ids import KINDS
from webapp.billing.buying.selling import taxed
from webapp.billing.forms.details import ContactForm, DetailsForm, TaxIdForm
from webapp.billing.owing.standing import billed_companies
from webapp.billing.views.room import blueprint
from webapp.db import session

FIELDS = ("name", "address", "postal_code", "purchase_order")


def _found(company_id: uuid.UUID) -> Company:
    """A company that the viewer decides or pays for; 404 for any other."""
    if company_id not in billed_companies(current_user):
        abort(404)
    return session.get_one(Company, company_id, with_for_update=True)


@blueprint.get("/billing/<uuid:company_id>/details")
@allow(Role.SPONSOR, Role.BILLING)
def billing_details(company_id: uuid.UUID) -> ResponseReturnValue:
    return _page(_found(company_id))


@blueprint.post("/billing/<uuid:company_id>/details")
@allow(Role.SPONSOR, Role.BILLING)
def change_details(company_id: uuid.UUID) -> ResponseReturnValue:
    """From the next invoice on; those that were issued are never changed."""
    company = _found(company_id)
    form = DetailsForm(company.country)
    if not form.validate():
        return _page(company, details=form), 422
    before = {name: getattr(company, name) for name in FIELDS}
    form.populate_obj(company)
    changed = [name for name in FIELDS if getattr(company, name) != before[name]]
    if changed:
        audit.record("company.billing_details_changed", company, fields=changed)
        _tell_stripe(company)
    flash("Saved. Invoices from now on carry it.", "good")
    return _back()


@blueprint.post("/billing/<uuid:company_id>/contact")
@allow(Role.SPONSOR, Role.BILLING)
def change_contact(company_id: uuid.UUID) -> ResponseReturnValue:
    """Another person gets invoices from now on; those who did keep their other roles."""
    company = _found(company_id)
    form = ContactForm(_elsewhere(company))
    if not form.validate():
        return _page(company, contact=form), 422
    person = Person.with_email(form.contact_email.data or "") or _new(company, form)
    _hand_over(company, person)
    audit.record("company.billing_contact_changed", company, to=person.email)
    _tell_stripe(company)
    flash(f"Invoices and receipts go to {person.name} from now on.", "good")
    return _back()


@blueprint.post("/billing/<uuid:company_id>/tax-numbers")
@allow(Role.SPONSOR, Role.BILLING)
def add_tax_number(company_id: uuid.UUID) -> ResponseReturnValue:
    company, form = _found(company_id), TaxIdForm()
    if not form.validate():
        return _page(company, tax_id=form), 422
    kind, value = form.kind.data, form.value.data or ""
    if company.add_tax_id(kind, value):
        audit.record("company.tax_id_added", company, kind=kind, value=value)
        _tell_stripe(company)
    flash("The number is on file: it stands on the invoices from now on.", "good")
    return _to_details(company)


@blueprint.post("/billing/<uuid:company_id>/tax-numbers/<uuid:tax_id>/remove")
@allow(Role.SPONSOR, Role.BILLING)
def remove_tax_number(company_id: uuid.UUID, tax_id: uuid.UUID) -> ResponseReturnValue:
    company = _found(company_id)
    gone = next((row for row in company.tax_ids if row.id == tax_id), None) or abort(404)
    company.tax_ids.remove(gone)
    audit.record("company.tax_id_removed", company, kind=gone.kind, value=gone.value)
    _tell_stripe(company)
    flash("The number is off the invoices from now on.", "good")
    return _to_details(company)


def _to_details(company: Company) -> Response:
    return redirect(url_for("billing.billing_details", company_id=company.id), 303)


def _hand_over(company: Company, person: Person) -> None:
    """The contact is one: who was it before is it no more, unless they have nothing else here."""
    for member in list(company.memberships):
        others = [row for row in company.memberships if row.person_id == member.person_id]
        if member.role == Role.BILLING and member.person_id != person.id and len(others) > 1:
            session.delete(member)
    session.add(person.join(Role.BILLING, company))
    session.flush()
    session.expire(company, ["memberships"])


def _new(company: Company, form: ContactForm) -> Person:
    """A person with no password yet: they sign in by a link to their address."""
    made = Person(
        name=form.contact_name.data, email=form.contact_email.data, time_zone=company.time_zone
    )
    session.add(made)
    session.flush()
    return made


def _tell_stripe(company: Company) -> None:
    outbox.enqueue_again("billing.describe_customer", company.id)


def _elsewhere(company: Company) -> Callable[[str], bool]:
    """Whether an address belongs to an account that is not of this company."""

    def taken(address: str) -> bool:
        known = Person.with_email(address)
        return known is not None and company.id not in known.company_ids

    return taken


def _contact_form(company: Company) -> ContactForm:
    contact = company.billing_contact
    filled = {"contact_name": contact.name, "contact_email": contact.email} if contact else {}
    return ContactForm(_elsewhere(company), formdata=None, **filled)


def _back() -> Response:
    return redirect(url_for("billing.client_billing"), 303)


def _page(
    company: Company,
    details: DetailsForm | None = None,
    contact: ContactForm | None = None,
    tax_id: TaxIdForm | None = None,
) -> str:
    """With the form that was sent, where one was; the others as things stand."""
    return render_template(
        "billing/client/details.html",
        company=company,
        form=details or DetailsForm(company.country, formdata=None, obj=company),
        contact=contact or _contact_form(company),
        tax_form=tax_id or TaxIdForm.blank(company),
        kinds=KINDS,
        taxed=taxed(),
    )
