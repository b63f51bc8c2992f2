"""The customer's balance, entry by entry."""

from sandbox.stripe.billing import balances
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import missing
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.resources.customers import alive

_KIND = "customer_balance_transaction"


@endpoint(f"{_KIND}.create", "amount currency description metadata")
def create(account: Account, params: Params, customer: str) -> Document:
    owner = alive(account, customer)
    values = dict(params)
    return balances.move(account, owner, values.pop("amount"), "adjustment", **values)


@endpoint(f"{_KIND}.retrieve")
def retrieve(account: Account, params: Params, customer: str, entry: str) -> Document:
    found = account.get(_KIND, entry)
    if found["customer"] != customer:
        raise missing(_KIND, entry, "id")
    return found


@endpoint(f"{_KIND}.list", "created invoice limit starting_after ending_before")
def list_all(account: Account, params: Params, customer: str) -> Document:
    rows = matching(account.find(_KIND, customer=customer), params, "invoice")
    return page(rows, params, f"/v1/customers/{customer}/balance_transactions")
