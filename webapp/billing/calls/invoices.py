"""Invoices."""

from __future__ import annotations

from webapp.billing.objects.invoice import StripeInvoice
from webapp.billing.stripe_gateway import ask


def read(invoice: str) -> StripeInvoice:
    params = {"expand": ["payments"]}
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
