"""Invoices that are sent and paid by a date, and what happens when they are not.

Source: https://docs.stripe.com/billing/collection-method and
https://docs.stripe.com/api/subscriptions/object (``status``): nothing is charged; a subscription
collected this way is active from the start, and past due when an invoice's due date goes by
unpaid, until what is overdue has been paid. Its first invoice is finalised an hour later, as every
other (https://docs.stripe.com/billing/invoices/subscription). ``invoice.overdue`` is told at the
due date; Stripe leaves the number of days to the account's automations.
"""

from sandbox.stripe.billing import standing
from sandbox.stripe.billing.drafting import subscription_of
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.schedule import schedule, when_due


def watch(account: Account, invoice: Document) -> None:
    """Look at the invoice again when it is due."""
    if invoice["status"] == "open" and invoice["due_date"]:
        at = max(invoice["due_date"], account.time_of(invoice))
        timeline = account.timeline_of(invoice)
        schedule(account, "invoice.overdue", invoice["id"], at, timeline)


@when_due("invoice.overdue")
def fall_overdue(account: Account, identifier: str) -> None:
    invoice = account.get("invoice", identifier)
    if invoice["status"] != "open":
        return
    emit(account, "invoice.overdue", invoice)
    subscription = subscription_of(account, invoice)
    if subscription is not None:
        standing.payment_failed(account, subscription)
