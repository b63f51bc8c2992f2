"""Charges: what paid an invoice."""

from __future__ import annotations

from webapp.billing.objects.charge import StripeCharge
from webapp.billing.objects.document import id_of
from webapp.billing.stripe_gateway import ask


def read(charge: str) -> StripeCharge:
    params = {"expand": ["balance_transaction"]}
    return StripeCharge.read(ask(lambda v1: v1.charges.retrieve(charge, params)))


def that_paid(invoice: str) -> list[StripeCharge]:
    """The charges behind the payments of an invoice that went through."""
    params = {"invoice": invoice, "status": "paid", "limit": 100}
    found = ask(lambda v1: v1.invoice_payments.list(params))["data"]
    intents = (id_of(entry["payment"].get("payment_intent")) for entry in found)
    charges = (_of_intent(intent) for intent in intents if intent)
    return [charge for charge in charges if charge and charge.status == "succeeded"]


def _of_intent(payment_intent: str) -> StripeCharge | None:
    params = {"expand": ["latest_charge.balance_transaction"]}
    found = ask(lambda v1: v1.payment_intents.retrieve(payment_intent, params))
    charge = found["latest_charge"]
    return StripeCharge.read(charge) if charge else None
