"""What an item asks of Stripe: its parameters, its key, and where to look before using it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from webapp import clock
from webapp.billing.buying.order import midnight
from webapp.billing.calls import items
from webapp.billing.models import InvoiceItem
from webapp.billing.objects.document import Document
from webapp.billing.objects.item import StripeItem

# Stripe may forget a key after 24 hours: https://docs.stripe.com/api/idempotent_requests
REPEATABLE = timedelta(hours=23)


class Asked:
    """What an item asks of Stripe, apart from its row, so that no transaction need be open."""

    def __init__(self, item: InvoiceItem) -> None:
        self.id, self.key = item.id, item.call_key
        self.stripe_id = item.stripe_id
        # A key that is spent or forgotten may have made it all the same.
        self.look_first = item.attempt > 0 or clock.now() - item.attempted_at > REPEATABLE
        self.params = params_of(item)


def made(item: Asked, owner: Document, customer: str) -> StripeItem:
    """The item at Stripe, found by its metadata or created under its key."""
    before = items.find(customer, str(item.id)) if item.look_first else None
    return before or items.create(item.params | owner, item.key)


def params_of(item: InvoiceItem) -> Document:
    """A line names its product; its kind stands in the metadata too.

    https://docs.stripe.com/api/invoiceitems/create
    """
    ours = {"engagement": str(item.engagement_id), "item": str(item.id), "kind": item.kind}
    common: Document = {"description": item.label, "metadata": ours, "discountable": False}
    return common | _period(item) | _charge(item)


def _charge(item: InvoiceItem) -> Document:
    unit = item.amount_minor if item.unit_minor is None else item.unit_minor
    price: Document = {"currency": item.currency.lower(), "product": f"rh_{item.kind}_all"}
    price |= {"unit_amount_decimal": Decimal(unit), "tax_behavior": "exclusive"}
    return {"price_data": price, "quantity_decimal": item.quantity or Decimal(1)}


def _period(item: InvoiceItem) -> Document:
    """The days it is for; Stripe counts the last second in."""
    if item.starts is None or item.ends is None:
        return {}
    zone = item.engagement.time_zone
    ends = midnight(item.ends, zone) - timedelta(seconds=1)
    return {"period": {"start": _unix(midnight(item.starts, zone)), "end": _unix(ends)}}


def _unix(at: datetime) -> int:
    return int(at.timestamp())
