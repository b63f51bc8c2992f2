"""Hosted Checkout Sessions."""

from __future__ import annotations

from webapp.billing.objects.document import Document, id_of
from webapp.billing.objects.session import StripeSession
from webapp.billing.stripe_gateway import Bug, Missing, ask, keyed


def open_session(params: Document, key: str) -> StripeSession:
    """A hosted Checkout Session; the same key and params give the same one."""
    return StripeSession.read(ask(lambda v1: v1.checkout.sessions.create(params, keyed(key))))


def read(session_id: str) -> StripeSession:
    return StripeSession.read(ask(lambda v1: v1.checkout.sessions.retrieve(session_id)))


def came_back(found: StripeSession) -> bool:
    """Whether the bank debit of a completed Session was returned; else it is still on its way.

    https://docs.stripe.com/payments/paymentintents/lifecycle
    """
    intent = found.payment_intent or _intent_of(found.invoice or "")
    paid_by = ask(lambda v1: v1.payment_intents.retrieve(intent)) if intent else None
    return paid_by is not None and paid_by["status"] in {"requires_payment_method", "canceled"}


def _intent_of(invoice: str) -> str | None:
    payments = ask(lambda v1: v1.invoice_payments.list({"invoice": invoice, "limit": 1}))["data"]
    return id_of(payments[0]["payment"].get("payment_intent")) if payments else None


def find(customer: str, key: str) -> StripeSession | None:
    """The Session opened under one of our keys, found by its metadata."""
    params = {"customer": customer, "limit": 100}
    found = ask(lambda v1: v1.checkout.sessions.list(params))["data"]
    sessions = map(StripeSession.read, found)
    return next((one for one in sessions if one.metadata.get("checkout") == key), None)


def expire(session_id: str) -> StripeSession:
    """Close a Session; one that is paid or over already is told as it is."""
    try:
        return StripeSession.read(ask(lambda v1: v1.checkout.sessions.expire(session_id)))
    except Missing:
        raise
    except Bug:
        return read(session_id)
