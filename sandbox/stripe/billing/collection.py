"""Getting an open invoice paid: charged, retried, settled, voided, given up.

Source: Stripe's pages on the invoice lifecycle and on failed payments. Where Stripe picks the time
of a retry by experience, the account's rules fix the days.
"""

from sandbox.stripe.billing import balances, payment_methods, payments, standing
from sandbox.stripe.billing.drafting import subscription_of
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.schedule import schedule, unschedule, when_due

DAY = 86400


def payments_of(account: Account, invoice: str) -> list[Document]:
    return account.find("invoice_payment", invoice=invoice)


def default_payment(account: Account, invoice: Document) -> Document | None:
    return next((p for p in payments_of(account, invoice["id"]) if p["is_default"]), None)


def intent_of(account: Account, invoice: Document) -> Document | None:
    payment = default_payment(account, invoice)
    return account.get("payment_intent", payment["payment"]["payment_intent"]) if payment else None


def collect(
    account: Account,
    invoice: Document,
    method: Document | None = None,
    *,
    present: bool = False,
    proven: bool = False,
) -> str:
    """Charge an open invoice to a means of payment; returns the PaymentIntent's status."""
    subscription = subscription_of(account, invoice)
    intent = intent_of(account, invoice)
    assert intent is not None, "an open invoice has a payment"
    if intent["status"] == "processing":
        raise invalid("A payment for this invoice is processing already.")
    method = method or payment_methods.default_for(account, invoice, subscription)
    status = "requires_payment_method"
    if method is not None:
        status = payments.confirm(account, intent, method, present=present, proven=proven)
    invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + (0 if present else 1))
    if status == "succeeded":
        settle(account, invoice)
    elif status == "processing":
        await_debit(account, invoice)
    elif not (present and status == "requires_action"):
        _failed(account, invoice, subscription, status, present)
    else:
        account.save(invoice)
    return status


def await_debit(account: Account, invoice: Document) -> None:
    """A bank debit is under way: the invoice stays open, its subscription starts or goes on."""
    unschedule(account, "invoice.retry", invoice["id"])
    invoice.update(attempted=True, next_payment_attempt=None)
    account.save(invoice)
    subscription = subscription_of(account, invoice)
    if subscription is not None and account.rules.debits_begin:
        standing.accepted(account, subscription)
    elif subscription is not None:
        unschedule(account, "subscription.expire", subscription["id"])


def debit_returned(account: Account, invoice: Document) -> None:
    """The bank sent the debit back: the same as a charge that was declined."""
    subscription = subscription_of(account, invoice)
    if subscription is not None:
        standing.give_a_day(account, subscription)
    _failed(account, invoice, subscription, "requires_payment_method", present=False)


def _failed(
    account: Account, invoice: Document, subscription: Document | None, status: str, present: bool
) -> None:
    if not invoice["next_payment_attempt"]:
        _schedule_retry(account, invoice)
    account.save(invoice)
    emit(account, "invoice.payment_failed", invoice)
    if status == "requires_action":
        emit(account, "invoice.payment_action_required", invoice)
    if subscription is not None and invoice["collection_method"] == "charge_automatically":
        standing.payment_failed(account, subscription)
        given_up = _is_retried(invoice) and not invoice["next_payment_attempt"] and not present
        first = invoice["billing_reason"] == "subscription_create"
        if given_up and not first and subscription["status"] != "incomplete":
            standing.retries_are_over(account, subscription)


def _schedule_retry(account: Account, invoice: Document) -> None:
    days, tried = account.rules.retry_days, invoice["attempt_count"]
    if not _is_retried(invoice) or tried > len(days):
        return
    at = account.time_of(invoice) + days[max(tried, 1) - 1] * DAY
    invoice["next_payment_attempt"] = at
    schedule(account, "invoice.retry", invoice["id"], at, account.timeline_of(invoice))


def _is_retried(invoice: Document) -> bool:
    """Whether Stripe tries again by itself: not what is sent, nor what advances by hand only."""
    charged = invoice["collection_method"] == "charge_automatically"
    first = invoice["billing_reason"] == "subscription_create"
    return bool(charged and invoice["auto_advance"] and not first)


def advance_open(account: Account, invoice: Document) -> None:
    """Collect a final invoice by itself from now on, or no more.

    Source: the SDK's docstrings of ``subscriptions.cancel`` and of the invoice's ``auto_advance``.
    When the next try is made is a guess: after as many days as it would have been after the last.
    """
    unschedule(account, "invoice.retry", invoice["id"])
    invoice["next_payment_attempt"] = None
    _schedule_retry(account, invoice)
    account.save(invoice)


@when_due("invoice.retry")
def retry(account: Account, identifier: str) -> None:
    invoice = account.get("invoice", identifier)
    if invoice["status"] == "open":
        invoice["next_payment_attempt"] = None
        collect(account, invoice)


def settle(account: Account, invoice: Document, *, out_of_band: bool = False) -> Document:
    """The invoice is paid: by its PaymentIntent, outside Stripe, or because nothing is due."""
    now, due = account.time_of(invoice), invoice["amount_due"]
    unschedule(account, "invoice.retry", invoice["id"])
    invoice.update(
        status="paid",
        amount_paid=due,
        amount_remaining=0,
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
    )
    if out_of_band:
        private(invoice)["off_stripe"] = due
    invoice["status_transitions"]["paid_at"] = now
    account.save(invoice)
    _close_payment(account, invoice, "canceled" if out_of_band else "paid")
    emit(account, "invoice.paid", invoice)
    emit(account, "invoice.payment_succeeded", invoice)
    subscription = subscription_of(account, invoice)
    if subscription is not None:
        standing.paid(account, subscription)
    return invoice


def _close_payment(account: Account, invoice: Document, status: str) -> None:
    payment = default_payment(account, invoice)
    if payment is None or payment["status"] != "open":
        return
    payment["status"] = status
    payment["status_transitions"][f"{status}_at"] = account.time_of(invoice)
    if status == "paid":
        payment["amount_paid"] = invoice["amount_paid"]
        account.save(payment)
        emit(account, "invoice_payment.paid", payment)
        return
    account.save(payment)
    intent = intent_of(account, invoice)
    if intent is not None:
        payments.cancel_intent(account, intent, "void_invoice")


def void(account: Account, invoice: Document) -> Document:
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(
            f"You can only void open or uncollectible invoices. This one is {invoice['status']}."
        )
    intent = intent_of(account, invoice)
    if intent is not None and intent["status"] == "processing":
        raise invalid("You cannot void an invoice while a payment for it is processing.")
    return _close(account, invoice, "void", "voided_at", "invoice.voided")


def mark_uncollectible(account: Account, invoice: Document, reason: str) -> Document:
    if invoice["status"] != "open":
        raise invalid(
            f"You can only mark open invoices uncollectible. This one is {invoice['status']}."
        )
    invoice["status_details"] = {"uncollectible": {"reason": reason}}
    _close(
        account, invoice, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible"
    )
    subscription = subscription_of(account, invoice)
    if subscription is not None and subscription["status"] == "paused":
        standing.paid(account, subscription)
    return invoice


def _close(account: Account, invoice: Document, status: str, when: str, event: str) -> Document:
    unschedule(account, "invoice.retry", invoice["id"])
    invoice.update(status=status, auto_advance=False, next_payment_attempt=None)
    invoice["status_transitions"][when] = account.time_of(invoice)
    account.save(invoice)
    if status == "void":
        balances.unapply(account, invoice)
        _close_payment(account, invoice, "canceled")
    emit(account, event, invoice)
    return invoice
