"""Customers' tax numbers, and the tax rates invoices refer to."""

from sandbox.stripe.billing import tax_ids
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import missing
from sandbox.stripe.core.expand import includes
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves
from sandbox.stripe.resources.customers import alive

_PAGE = "limit starting_after ending_before"


@endpoint("customer_tax_id.create", "type value")
def create(account: Account, params: Params, customer: str) -> Document:
    return tax_ids.add(account, alive(account, customer), params["type"], params["value"])


@endpoint("customer_tax_id.retrieve")
def retrieve(account: Account, params: Params, customer: str, number: str) -> Document:
    return _of(account, customer, number)


@endpoint("customer_tax_id.delete")
def delete(account: Account, params: Params, customer: str, number: str) -> Document:
    tax_ids.remove(account, _of(account, customer, number))
    return {"id": number, "object": "tax_id", "deleted": True}


@endpoint("customer_tax_id.list", _PAGE)
def list_all(account: Account, params: Params, customer: str) -> Document:
    alive(account, customer)
    rows = account.find("tax_id", customer=customer)
    return page(rows, params, f"/v1/customers/{customer}/tax_ids")


def _of(account: Account, customer: str, number: str) -> Document:
    found = account.get("tax_id", number)
    if found["customer"] != customer:
        raise missing("tax_id", number, "id")
    return found


@includes("customer", "tax_ids")
def included(account: Account, customer: Document) -> Document:
    rows = account.find("tax_id", customer=customer["id"])
    return listing(rows, f"/v1/customers/{customer['id']}/tax_ids")


retrieves("tax_rate")


@endpoint("tax_rate.list", f"{_PAGE} active created inclusive")
def list_rates(account: Account, params: Params) -> Document:
    rows = matching(account.find("tax_rate"), params, "active", "inclusive")
    return page(rows, params, "/v1/tax_rates")
