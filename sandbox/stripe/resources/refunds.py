"""Refunds."""

from sandbox.stripe.billing import refunds
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.events import change
from sandbox.stripe.core.paging import listed
from sandbox.stripe.core.updating import changes


@endpoint("refund.create", "amount charge metadata payment_intent reason")
def create_refund(account: Account, params: Params) -> Document:
    found = refunds.charge_of(account, params)
    details = {k: params[k] for k in ("metadata", "reason") if k in params}
    return refunds.refund(account, found, params.get("amount"), **details)


@endpoint("refund.retrieve")
def retrieve_refund(account: Account, params: Params, refund: str) -> Document:
    return account.get("refund", refund)


@endpoint("refund.update", "metadata")
def update_refund(account: Account, params: Params, refund: str) -> Document:
    found = account.get("refund", refund)
    return change(account, "refund.updated", found, **changes(found, params))


@endpoint("refund.list", "created limit starting_after ending_before charge payment_intent")
def list_refunds(account: Account, params: Params) -> Document:
    equal = {name: params[name] for name in ("charge", "payment_intent") if name in params}
    return listed(account, "refund", params, "/v1/refunds", **equal)
