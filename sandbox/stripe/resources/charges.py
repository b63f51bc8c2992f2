"""Charges."""

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.events import change
from sandbox.stripe.core.expand import includes
from sandbox.stripe.core.paging import listed
from sandbox.stripe.core.updating import changes


@endpoint("charge.retrieve")
def charge(account: Account, params: Params, identifier: str) -> Document:
    return account.get("charge", identifier)


@endpoint("charge.update", "description metadata receipt_email transfer_group")
def update_charge(account: Account, params: Params, identifier: str) -> Document:
    found = account.get("charge", identifier)
    return change(account, "charge.updated", found, **changes(found, params))


@endpoint(
    "charge.list",
    "created customer limit starting_after ending_before payment_intent transfer_group",
)
def charges(account: Account, params: Params) -> Document:
    named = ("customer", "payment_intent", "transfer_group")
    equal = {name: params[name] for name in named if name in params}
    return listed(account, "charge", params, "/v1/charges", **equal)


@includes("charge", "refunds")
def refunds_of(account: Account, holder: Document) -> Document:
    rows = account.find("refund", charge=holder["id"])
    return listing(rows, f"/v1/charges/{holder['id']}/refunds")
