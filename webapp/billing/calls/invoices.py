"""Invoices."""

from __future__ import annotations

from webapp.billing.objects.document import Document
from webapp.billing.objects.invoice import EXPANDED, StripeInvoice
from webapp.billing.stripe_gateway import Bug, Missing, ask, ask_changed, keyed


def read(invoice: str) -> StripeInvoice:
    params = {"expand": EXPANDED}
    return StripeInvoice.read(ask(lambda v1: v1.invoices.retrieve(invoice, params)))


def list_of(subscription: str) -> list[StripeInvoice]:
    """The newest hundred."""
    params = {"subscription": subscription, "limit": 100, "expand": ["data.payments"]}
    return [StripeInvoice.read(one) for one in ask(lambda v1: v1.invoices.list(params))["data"]]


def preview_renewal(subscription: str) -> StripeInvoice:
    """The invoice that the present period's end will bring, as things stand."""
    params = {"subscription": subscription}
    return StripeInvoice.read(ask(lambda v1: v1.invoices.create_preview(params)))


def invoice_of_payment(payment_intent: str) -> str | None:
    """The invoice that a payment intent paid."""
    payment = {"type": "payment_intent", "payment_intent": payment_intent}
    found = ask(lambda v1: v1.invoice_payments.list({"payment": payment, "limit": 1}))["data"]
    return str(found[0]["invoice"]) if found else None


# -- invoices of our own ---------------------------------------------------------------------------


def draft(params: Document, key: str) -> StripeInvoice:
    """An empty draft, which Stripe leaves alone until it is finalised."""
    fixed = {"auto_advance": False, "pending_invoice_items_behavior": "exclude"}
    return StripeInvoice.read(ask(lambda v1: v1.invoices.create(params | fixed, keyed(key))))


def find(customer: str, bill: str) -> StripeInvoice | None:
    """The invoice that carries the id of a bill of ours in its metadata; among the newest."""
    params = {"customer": customer, "limit": 100}
    found = ask(lambda v1: v1.invoices.list(params))["data"]
    ours = (one for one in found if (one["metadata"] or {}).get("bill") == bill)
    return next(map(StripeInvoice.read, ours), None)


def finalize(invoice: str) -> None:
    """Number a draft; from then on Stripe collects it as it does any: it charges what is on file,
    or mails the invoice, once. One that is no draft is let be.

    To ask for the mail as well would be a second one:
    https://docs.stripe.com/invoicing/integration/automatic-advancement-collection
    """
    try:
        ask(lambda v1: v1.invoices.finalize_invoice(invoice, {"auto_advance": True}))
    except Missing:
        raise
    except Bug:
        if read(invoice).status == "draft":
            raise


def go_on_collecting(invoice: str) -> None:
    """Let Stripe collect it by itself again; one that is not open any more is let be.

    https://docs.stripe.com/api/invoices/update#update_invoice-auto_advance
    """
    try:
        ask(lambda v1: v1.invoices.update(invoice, {"auto_advance": True}))
    except Missing:
        raise
    except Bug:
        if read(invoice).status == "open":
            raise


def pay(invoice: str, key: str, method: str | None = None) -> None:
    """Charge the means on file now, or this one of them. Raises Declined or ActionRequired; one
    that is not open any more is let be.

    https://docs.stripe.com/api/invoices/pay#pay_invoice-payment_method
    """
    chosen = {"payment_method": method} if method else {}
    params = {"off_session": True, **chosen}
    try:
        ask_changed(invoice, key, lambda v1, once: v1.invoices.pay(invoice, params, once))
    except Missing:
        raise
    except Bug:
        if read(invoice).status == "open":
            raise


def discard(invoice: str) -> None:
    """Drop a draft on which nothing stands; one that is gone already is let be."""
    try:
        ask(lambda v1: v1.invoices.delete(invoice))
    except Missing:
        return


def void(invoice: str) -> None:
    """Nobody can pay it any more; one that is not open is let be."""
    try:
        ask(lambda v1: v1.invoices.void_invoice(invoice))
    except Missing:
        raise
    except Bug:
        if read(invoice).status == "open":
            raise


def pay_out_of_band(invoice: str, key: str) -> None:
    """Note that it was paid outside Stripe; one that is paid already is let be.

    https://docs.stripe.com/api/invoices/pay#pay_invoice-paid_out_of_band
    """
    params = {"paid_out_of_band": True}
    try:
        ask_changed(invoice, key, lambda v1, once: v1.invoices.pay(invoice, params, once))
    except Missing:
        raise
    except Bug:
        if read(invoice).status != "paid":
            raise
