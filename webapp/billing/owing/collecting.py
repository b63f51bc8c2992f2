"""How an invoice of our own is collected."""

from __future__ import annotations

from webapp.billing import stripe_gateway as gateway
from webapp.billing.objects.document import Document

# Where nothing is on file that could be charged and no net days are agreed.
DAYS_TO_PAY = 7


def collection_of(net_days: int | None, method: str | None) -> Document:
    """By the means of payment on file; by a sent invoice where net days are agreed, or nothing is
    on file. https://docs.stripe.com/api/invoices/create#create_invoice-collection_method
    """
    tax = {"automatic_tax": {"enabled": True}} if gateway.settings().stripe_tax else {}
    if method and net_days is None:
        charged = {"collection_method": "charge_automatically", "default_payment_method": method}
        return tax | charged
    days = DAYS_TO_PAY if net_days is None else net_days
    return tax | {"collection_method": "send_invoice", "days_until_due": days}
