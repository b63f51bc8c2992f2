"""Customers."""

from sandbox.stripe.billing import balances
from sandbox.stripe.billing.customers import create_customer, delete_customer
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change
from sandbox.stripe.core.expand import includes
from sandbox.stripe.core.paging import listed
from sandbox.stripe.core.plain import retrieves
from sandbox.stripe.core.search import search
from sandbox.stripe.core.updating import changes

_FIELDS = (
    "address balance business_name description email individual_name invoice_prefix "
    "invoice_settings metadata "
    "name next_invoice_sequence phone preferred_locales shipping tax_exempt"
)


@endpoint("customer.create", f"{_FIELDS} test_clock")
def create(account: Account, params: Params) -> Document:
    if "test_clock" in params:
        account.get("test_helpers.test_clock", params["test_clock"], "test_clock")
    return create_customer(account, **changes({}, params))


retrieves("customer")


@endpoint("customer.update", _FIELDS)
def update(account: Account, params: Params, customer: str) -> Document:
    found = alive(account, customer)
    values = changes(found, params)
    settings = values.get("invoice_settings")
    if settings is not None:
        _check_default(account, settings, customer)
        values["invoice_settings"] = found["invoice_settings"] | changes({}, settings)
    if "balance" in values:
        balances.move(account, found, values.pop("balance") - found["balance"], "adjustment")
    return change(account, "customer.updated", found, **values)


def _check_default(account: Account, settings: Params, customer: str) -> None:
    wanted = settings.get("default_payment_method")
    if not wanted:
        return
    method = account.get("payment_method", wanted, "invoice_settings[default_payment_method]")
    if method["customer"] != customer:
        text = f"The customer does not have a payment method with the ID {wanted}."
        raise invalid(text, "invoice_settings[default_payment_method]", "resource_missing")


def alive(account: Account, customer: str, param: str = "id") -> Document:
    """A customer that has not been deleted."""
    found = account.get("customer", customer, param)
    if found.get("deleted"):
        raise invalid(f"No such customer: '{customer}'", param, "resource_missing")
    return found


@endpoint("customer.delete")
def delete(account: Account, params: Params, customer: str) -> Document:
    return delete_customer(account, alive(account, customer))


@endpoint("customer.list", "created email limit starting_after ending_before test_clock")
def list_all(account: Account, params: Params) -> Document:
    equal = {name: params[name] for name in ("email", "test_clock") if name in params}
    return listed(
        account, "customer", params, "/v1/customers", lambda c: not c.get("deleted"), **equal
    )


@endpoint("customer.search", "query limit page")
def search_all(account: Account, params: Params) -> Document:
    rows = [c for c in account.find("customer") if not c.get("deleted")]
    return search(rows, params, "/v1/customers/search")


@includes("customer", "subscriptions")
def subscriptions_of(account: Account, customer: Document) -> Document:
    rows = account.find("subscription", customer=customer["id"])
    live = [s for s in rows if s["status"] not in ("canceled", "incomplete_expired")]
    return listing(live, f"/v1/customers/{customer['id']}/subscriptions")
