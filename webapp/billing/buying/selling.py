"""What Stripe is asked to sell: an order as the parameters of Checkout, or of a sale on account.

A retainer is a subscription whose first month is a one-time line, paid at once, and whose renewals
begin where that month ends: a trial up to then, the one way Checkout has to start renewing more
than a month ahead. https://docs.stripe.com/payments/checkout/free-trials
"""

from __future__ import annotations

from datetime import timedelta

from flask import current_app

from webapp import clock
from webapp.billing.buying.order import Order
from webapp.billing.objects.document import Document
from webapp.billing.objects.product import ProductFacts
from webapp.engagements.models import Engagement
from webapp.money import Money

# A bank debit takes days: four for ACH, five for SEPA, up to a fortnight at worst.
# https://docs.stripe.com/payments/bank-debits
CLEARS_WITHIN = timedelta(days=14)
DEBITS = {"USD": "us_bank_account", "EUR": "sepa_debit"}
# https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-custom_text
LONGEST_TEXT = 1200


def by_checkout(engagement: Engagement, key: str) -> Document:
    """The part of a Checkout call that says what is sold; key: of the attempt."""
    order = Order.of(engagement)
    ours = {"engagement": str(engagement.id), "checkout": key}
    common = {"client_reference_id": str(engagement.id), "metadata": ours}
    common |= _means(engagement) | _discounts(order) | _tax_in_checkout()
    return common | (_monthly(order, ours) if order.renewal else _once(order, ours))


def _once(order: Order, ours: Document) -> Document:
    return {
        "mode": "payment",
        "line_items": _one_time(order),
        "invoice_creation": {"enabled": True, "invoice_data": {"metadata": ours}},
    }


def _monthly(order: Order, ours: Document) -> Document:
    assert order.renewal is not None
    return {
        "mode": "subscription",
        "line_items": [_item(order.product, order.renewal.price, monthly=True), *_one_time(order)],
        "subscription_data": {
            "trial_end": int(order.renewal.at.timestamp()),
            "metadata": ours,
            "description": order.name,
        },
        "custom_text": {"submit": {"message": explained(order)[:LONGEST_TEXT]}},
    }


def on_account(engagement: Engagement, net_days: int) -> Document:
    """A subscription that is invoiced, its first invoice with everything due at booking on it.

    https://docs.stripe.com/billing/collection-method
    """
    order = Order.of(engagement)
    assert order.renewal is not None
    return {
        "collection_method": "send_invoice",
        "days_until_due": net_days,
        "items": [_item(order.product, order.renewal.price, monthly=True)],
        "add_invoice_items": _one_time(order),
        "trial_end": int(order.renewal.at.timestamp()),
        "description": order.name,
        "metadata": {"engagement": str(engagement.id), "account": "yes"},
        **_discounts(order),
        **automatic_tax(),
    }


def _means(engagement: Engagement) -> Document:
    """Cards always; a bank debit only where it can clear before the kick-off."""
    refused = takes_debits(engagement) is False
    debit = DEBITS.get(engagement.terms.currency)
    return {"excluded_payment_method_types": [debit]} if refused else {}


def takes_debits(engagement: Engagement) -> bool | None:
    """Whether a bank debit can clear before the kick-off; None: not in this currency at all."""
    if engagement.terms.currency not in DEBITS:
        return None
    return engagement.hold.starts_at - clock.now() >= CLEARS_WITHIN


def _discounts(order: Order) -> Document:
    return {"discounts": [{"coupon": order.discount.coupon.stripe_id}]} if order.discount else {}


def taxed() -> bool:
    """Whether Stripe reckons the taxes that are added to our prices."""
    return bool(current_app.config["SETTINGS"].stripe_tax)


def automatic_tax() -> Document:
    return {"automatic_tax": {"enabled": True}} if taxed() else {}


def _tax_in_checkout() -> Document:
    """Where tax is due depends on the address, which Checkout asks for and keeps.

    https://docs.stripe.com/tax/checkout#existing-customers
    """
    return automatic_tax() | {"customer_update": {"address": "auto"}} if automatic_tax() else {}


def explained(order: Order) -> str:
    """Checkout words a trial as free days; say what is really paid, and when."""
    assert order.renewal is not None
    parts = " and ".join(f"{label}: {amount.format()}" for label, amount in order.rows)
    today = f"Today you pay {order.total.format()} ({parts}){', plus tax' if taxed() else ''}."
    return f"{today} {order.later(plus_tax=taxed())}"


def _one_time(order: Order) -> list[Document]:
    return [_item(line.product, line.amount) for line in order.lines]


def _item(product: ProductFacts, price: Money, monthly: bool = False) -> Document:
    data: Document = {"currency": price.currency.lower(), "unit_amount": price.minor}
    data |= {"product": product.stripe_id, "tax_behavior": "exclusive"}
    if monthly:
        data["recurring"] = {"interval": "month"}
    return {"price_data": data, "quantity": 1}
