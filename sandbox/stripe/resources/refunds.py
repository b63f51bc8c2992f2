"""Refunds."""

from sandbox.stripe.billing import refunds
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.plain import lists, retrieves, updates


@endpoint("refund.create", "amount charge metadata payment_intent reason")
def create_refund(account: Account, params: Params) -> Document:
    found = refunds.charge_of(account, params)
    details = {k: params[k] for k in ("metadata", "reason") if k in params}
    return refunds.refund(account, found, params.get("amount"), **details)


retrieves("refund")
updates("refund", "metadata")
lists("refund", "charge", "payment_intent")
