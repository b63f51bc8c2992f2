"""What a bank debit that cleared, or was returned, does to its invoice and its Checkout session.

Source: https://docs.stripe.com/billing/subscriptions/ach-debit and
https://docs.stripe.com/payments/checkout/fulfill-orders#delayed-notification: a session is complete
but unpaid until ``checkout.session.async_payment_succeeded``.
"""

from sandbox.stripe.billing import debits
from sandbox.stripe.billing.collection import debit_returned, settle
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.schedule import when_due


@when_due("debit.clear")
def clear_when_due(account: Account, identifier: str) -> None:
    intent = account.get("payment_intent", identifier)
    if intent["status"] == debits.PROCESSING:
        finish(account, intent)


def finish(account: Account, intent: Document) -> bool:
    """Let a debit that is under way come to its end now; whether the money was taken."""
    taken = debits.clear(account, intent)
    for payment in account.find("invoice_payment", payment__payment_intent=intent["id"]):
        invoice = account.get("invoice", payment["invoice"])
        if invoice["status"] == "open":
            settle(account, invoice) if taken else debit_returned(account, invoice)
    session = account.store.load(private(intent).get("session") or "")
    if session is not None and session["status"] == "complete":
        _tell(account, session, taken)
    return taken


def _tell(account: Account, session: Document, taken: bool) -> None:
    session["payment_status"] = "paid" if taken else "unpaid"
    account.save(session)
    outcome = "succeeded" if taken else "failed"
    emit(account, f"checkout.session.async_payment_{outcome}", session)
