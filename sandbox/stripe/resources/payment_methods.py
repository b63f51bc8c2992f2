"""Payment methods: cards, made from Stripe's test tokens or typed into the hosted pages."""

from sandbox.stripe.billing import banks, payment_methods
from sandbox.stripe.billing.cards import TOKENS
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import missing
from sandbox.stripe.core.events import change
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves
from sandbox.stripe.core.updating import changes
from sandbox.stripe.resources.customers import alive

retrieves("payment_method")


@endpoint("payment_method.attach", "customer")
def attach(account: Account, params: Params, method: str) -> Document:
    customer = alive(account, params.get("customer", ""), "customer")["id"]
    if method in TOKENS or method in banks.TOKENS:
        found = payment_methods.from_token(account, method, customer)
    else:
        found = account.get("payment_method", method)
    return payment_methods.attach(account, found, customer)


@endpoint("payment_method.detach")
def detach(account: Account, params: Params, method: str) -> Document:
    return payment_methods.detach(account, account.get("payment_method", method))


@endpoint("payment_method.update", "billing_details card metadata")
def update(account: Account, params: Params, method: str) -> Document:
    found = account.get("payment_method", method)
    values = changes(found, params)
    for name in ("card", "billing_details"):
        if name in values:
            values[name] = found[name] | values[name]
    return change(account, "payment_method.updated", found, **values)


@endpoint("payment_method.list", "customer limit starting_after ending_before type")
def list_all(account: Account, params: Params) -> Document:
    equal = {"customer": params["customer"]} if "customer" in params else {}
    rows = matching(account.find("payment_method", **equal), params, "type")
    return page([m for m in rows if m["customer"]], params, "/v1/payment_methods")


@endpoint("customer_payment_method.list", "limit starting_after ending_before type")
def list_of_customer(account: Account, params: Params, customer: str) -> Document:
    alive(account, customer)
    rows = matching(payment_methods.on_file(account, customer), params, "type")
    return page(rows, params, f"/v1/customers/{customer}/payment_methods")


@endpoint("customer_payment_method.retrieve")
def retrieve_of_customer(account: Account, params: Params, customer: str, method: str) -> Document:
    found = account.get("payment_method", method)
    if found["customer"] != customer:
        raise missing("payment_method", method, "id")
    return found
