"""The invoice to come: announced some days ahead, and shown to whoever asks.

Nothing is computed twice: the invoice is really made and then undone.
"""

from sandbox.stripe.billing import balances
from sandbox.stripe.billing.agenda import ends_with_period, period_of
from sandbox.stripe.billing.subscriptions import draft_invoice, next_period
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.schedule import when_due


@when_due("subscription.upcoming")
def announce_renewal(account: Account, identifier: str) -> None:
    """Send ``invoice.upcoming``, whose invoice has no id yet worth keeping."""
    subscription = account.get("subscription", identifier)
    goes_on = subscription["status"] in ("active", "trialing", "past_due")
    if goes_on and not ends_with_period(subscription):
        with account.store.rehearsal():
            preview = as_preview(account, renewal(account, subscription))
        emit(account, "invoice.upcoming", preview)


def renewal(account: Account, subscription: Document) -> Document:
    """The invoice the end of the present period brings, really made: rehearse it."""
    identifier, timeline = subscription["id"], account.timeline_of(subscription)
    _, end = period_of(subscription)
    with account.frozen(timeline, end):
        rehearsed = account.get("subscription", identifier)
        next_period(account, rehearsed)
        return draft_invoice(account, rehearsed, "upcoming")


def as_preview(account: Account, invoice: Document) -> Document:
    """A copy of a rehearsed invoice under an id that says it does not exist, the customer's balance
    counted in."""
    if invoice["status"] == "draft":
        balances.apply_to(account, invoice, account.get("customer", invoice["customer"]))
    copy = duplicate(invoice)
    copy.update(id=f"upcoming_{copy['id']}", billing_reason="upcoming", attempted=False)
    copy.update(status="draft", number=None, amount_paid=0, amount_remaining=copy["amount_due"])
    for line in copy["lines"]["data"]:
        line["invoice"] = copy["id"]
    return copy
