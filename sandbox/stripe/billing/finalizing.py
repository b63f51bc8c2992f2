"""From draft to open: numbering, the customer's balance, the PaymentIntent, and the first charge.

Source: Stripe's pages on the invoice lifecycle: a renewal's invoice stays a draft for about an
hour, is finalised, and then charged.
"""

from sandbox.stripe.billing import balances, payments
from sandbox.stripe.billing.collection import collect, mark_uncollectible, settle, void
from sandbox.stripe.billing.drafting import subscription_of
from sandbox.stripe.billing.due_dates import watch
from sandbox.stripe.billing.taxes import no_location
from sandbox.stripe.billing.totals import reckon
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import emit
from sandbox.stripe.core.ids import random_text
from sandbox.stripe.core.schedule import schedule, unschedule, when_due


def finalize_later(account: Account, invoice: Document) -> None:
    """Leave the draft open for the time the account's rules say, as for every renewal."""
    at = account.time_of(invoice) + account.rules.finalize_after
    invoice["automatically_finalizes_at"] = at
    account.save(invoice)
    schedule(account, "invoice.finalize", invoice["id"], at, account.timeline_of(invoice))


@when_due("invoice.finalize")
def finalize_and_charge(account: Account, identifier: str) -> None:
    invoice = account.get("invoice", identifier)
    if invoice["status"] != "draft":
        return
    finalize(account, invoice, unasked=True)
    behavior = ((subscription_of(account, invoice) or {}).get("pause_collection") or {}).get(
        "behavior"
    )
    if behavior == "void" and invoice["status"] == "open":
        void(account, invoice)
    elif behavior == "mark_uncollectible" and invoice["status"] == "open":
        mark_uncollectible(account, invoice, "subscription_paused")
    elif invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        collect(account, invoice)


def finalize(
    account: Account, invoice: Document, intent: Document | None = None, *, unasked: bool = False
) -> Document:
    """Number the invoice and open it for payment, by ``intent`` if the money is already on its way.

    An invoice of nothing is paid at once.
    """
    if invoice["status"] != "draft":
        raise invalid(
            "This invoice is already finalized, you can't re-finalize it.",
            code="invoice_not_editable",
        )
    unschedule(account, "invoice.finalize", invoice["id"])
    _settle_tax(account, invoice, unasked)
    _number(account, invoice)
    _open_payment(account, invoice, intent)
    emit(account, "invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        settle(account, invoice)
    elif invoice["collection_method"] == "send_invoice":
        watch(account, invoice)
        if invoice["auto_advance"]:
            emit(account, "invoice.sent", invoice)
    return invoice


def _number(account: Account, invoice: Document) -> None:
    """The customer's next number, their balance taken into account, and its own address."""
    owner, now = account.get("customer", invoice["customer"]), account.time_of(invoice)
    balances.apply_to(account, invoice, owner)
    token = private(invoice)["token"] = random_text(24)
    url = f"{account.origin}/i/{invoice['id']}/{token}"
    invoice.update(
        status="open",
        number=f"{owner['invoice_prefix']}-{owner['next_invoice_sequence']:04d}",
        automatically_finalizes_at=None,
        effective_at=now,
        hosted_invoice_url=url,
        invoice_pdf=f"{url}/pdf",
    )
    invoice["status_transitions"]["finalized_at"] = now
    owner["next_invoice_sequence"] += 1
    account.save(owner)
    account.save(invoice)


def _settle_tax(account: Account, invoice: Document, unasked: bool) -> None:
    """Tax by what is known of the customer now.

    Where they are must be known: a call is refused, an invoice that finalises by itself goes
    without tax (``disabled_reason`` in https://docs.stripe.com/api/invoices/object).
    """
    reckon(account, invoice)
    if invoice["automatic_tax"]["status"] != "requires_location_inputs":
        return
    if not unasked:
        raise no_location()
    reason = "finalization_requires_location_inputs"
    invoice["automatic_tax"].update(enabled=False, status=None, disabled_reason=reason)
    reckon(account, invoice)


def _open_payment(account: Account, invoice: Document, intent: Document | None) -> None:
    if invoice["amount_due"] == 0:
        return
    intent = intent or payments.open_intent(
        account,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=_DESCRIPTIONS.get(
            invoice["billing_reason"], f"Payment for invoice {invoice['number']}"
        ),
        receipt_email=None,
    )
    payment = shape(
        "invoice_payment",
        amount_requested=invoice["amount_due"],
        created=account.time_of(invoice),
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        livemode=False,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions={},
    )
    account.save(payment)


_DESCRIPTIONS = {
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "subscription_update": "Subscription update",
}
