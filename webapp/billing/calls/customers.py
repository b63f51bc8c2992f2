"""A client company as Stripe's customer: one each, found again whatever was lost on the way."""

from __future__ import annotations

from typing import Any

from webapp.billing.objects.customer import CustomerDetails, StripeCustomer
from webapp.billing.objects.document import Document
from webapp.billing.stripe_gateway import Faulted, Missing, ask, keyed


def read(customer: str) -> StripeCustomer:
    return StripeCustomer.read(ask(lambda v1: v1.customers.retrieve(customer)))


def ensure(details: CustomerDetails, known: str | None) -> str:
    """The id of the client's customer, made if need be, with their details brought up to date.

    known: the id we have, which may have been deleted in the dashboard. The one made takes only our
    id, so that a repeated key always has the same parameters.
    """
    found = known if known and _describe(known, details) else None
    if found is None:
        found = _search_customer(details.company) or _create_customer(details.company, known)
        _describe(found, details)
    if details.tax_ids or known:
        keep_tax_ids(found, details)
    return found


def keep_tax_ids(customer: str, details: CustomerDetails) -> None:
    """Let the customer have these tax ids and no others.

    https://docs.stripe.com/billing/customer/tax-ids
    """
    listed = ask(lambda v1: v1.customers.tax_ids.list(customer, {"limit": 100}))["data"]
    there = {(one["type"], one["value"]): str(one["id"]) for one in listed}
    for kind, value in details.tax_ids:
        if (kind, value) not in there:
            _add_tax_id(customer, {"type": kind, "value": value})
    for gone in there.keys() - set(details.tax_ids):
        _drop_tax_id(customer, there[gone])


def _add_tax_id(customer: str, params: Document) -> None:
    ask(lambda v1: v1.customers.tax_ids.create(customer, params))


def _drop_tax_id(customer: str, tax_id: str) -> None:
    try:
        ask(lambda v1: v1.customers.tax_ids.delete(customer, tax_id))
    except Missing:
        return


def _describe(customer: str, details: CustomerDetails) -> bool:
    fields = {
        "name": details.name,
        "email": details.email,
        "address": _address(details),
        "invoice_settings": {"custom_fields": _purchase_order(details)},
    }
    try:
        ask(lambda v1: v1.customers.update(customer, fields))
    except Missing:
        return False
    return True


def _address(details: CustomerDetails) -> Document:
    first, *rest = [line.strip() for line in details.address.splitlines() if line.strip()] or [""]
    lines = {"line1": first, "line2": ", ".join(rest), "postal_code": details.postal_code}
    country = {"country": details.country} if len(details.country) == 2 else {}
    return {name: text[:200] for name, text in lines.items() if text} | country


def _purchase_order(details: CustomerDetails) -> Any:
    number = details.purchase_order[:140]
    return [{"name": "Purchase order", "value": number}] if number else ""


def _search_customer(company: str) -> str | None:
    """For an answer that was lost so long ago that Stripe has forgotten the key."""
    query = {"query": f'metadata["company"]:"{company}"', "limit": 10}
    found = ask(lambda v1: v1.customers.search(query))["data"]
    return next((str(one["id"]) for one in found if not one.get("deleted")), None)


def _create_customer(company: str, after: str | None) -> str:
    """A fault of Stripe's is stored with its key, so that another key has to be used then."""
    key = f"customer:{company}:{after}" if after else f"customer:{company}"
    try:
        return _created_under(key, company)
    except Faulted:
        return _created_under(f"{key}:again", company)


def _created_under(key: str, company: str) -> str:
    params = {"metadata": {"company": company}}
    return str(ask(lambda v1: v1.customers.create(params, keyed(key)))["id"])
