"""What was paid on an invoice, and what an invoice shows of it only when asked."""

from sandbox.stripe.billing.collection import intent_of, payments_of
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing, private
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.expand import includes
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves


@endpoint(
    "invoice_payment.list", "created invoice limit payment starting_after ending_before status"
)
def list_payments(account: Account, params: Params) -> Document:
    equal = {"invoice": params["invoice"]} if "invoice" in params else {}
    rows = matching(account.find("invoice_payment", **equal), params, "status")
    intent = params.get("payment", {}).get("payment_intent")
    rows = [p for p in rows if not intent or p["payment"]["payment_intent"] == intent]
    return page(rows, params, "/v1/invoice_payments")


retrieves("invoice_payment")


@includes("invoice", "payments")
def included_payments(account: Account, invoice: Document) -> Document:
    return listing(
        payments_of(account, invoice["id"]), f"/v1/invoice_payments?invoice={invoice['id']}"
    )


@includes("invoice", "confirmation_secret")
def confirmation_secret(account: Account, invoice: Document) -> Document | None:
    intent = intent_of(account, invoice)
    return {"client_secret": intent["client_secret"], "type": "payment_intent"} if intent else None


@includes("invoice", "amount_paid_off_stripe")
def paid_off_stripe(account: Account, invoice: Document) -> int:
    """What was paid outside Stripe; never part of an event. Source: Stripe's changelog of
    2026-05-27, "Adds amount paid off Stripe property to Invoice object"."""
    return int(private(account.get("invoice", invoice["id"])).get("off_stripe", 0))
