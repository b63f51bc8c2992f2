"""What Stripe would invoice: its own arithmetic of tax and discounts, before anything is done."""

from __future__ import annotations

from webapp.billing.objects.document import Document
from webapp.billing.objects.invoice import StripeInvoice
from webapp.billing.objects.subscription import StripeSubscription
from webapp.billing.stripe_gateway import ask, settings


def of_change(
    subscription: StripeSubscription, price: Document, items: list[Document]
) -> StripeInvoice:
    """The next renewal at another price, with these invoice items on it.

    https://docs.stripe.com/api/invoices/create_preview
    """
    changed = {
        "items": [{"id": subscription.item, "price_data": price}],
        "proration_behavior": "none",
    }
    params = {"subscription": subscription.id, "subscription_details": changed}
    if items:
        params["invoice_items"] = items  # type: ignore[assignment]
    return StripeInvoice.read(ask(lambda v1: v1.invoices.create_preview(params)))


def of_items(customer: str, currency: str, items: list[Document]) -> StripeInvoice:
    """These items with their tax, as a customer would be asked for them; where they subscribe to
    something else, its next renewal stands beside them.

    https://docs.stripe.com/api/invoices/create_preview
    """
    params = {
        "customer": customer,
        "currency": currency.lower(),
        "invoice_items": items,
        "automatic_tax": {"enabled": settings().stripe_tax},
    }
    return StripeInvoice.read(ask(lambda v1: v1.invoices.create_preview(params)))
