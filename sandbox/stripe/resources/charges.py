"""Charges."""

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing
from sandbox.stripe.core.expand import includes
from sandbox.stripe.core.plain import lists, retrieves, updates

retrieves("charge")
updates("charge", "description metadata receipt_email transfer_group")
lists("charge", "customer", "payment_intent", "transfer_group")


@includes("charge", "refunds")
def refunds_of(account: Account, holder: Document) -> Document:
    rows = account.find("refund", charge=holder["id"])
    return listing(rows, f"/v1/charges/{holder['id']}/refunds")
