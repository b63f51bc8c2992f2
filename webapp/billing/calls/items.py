"""Invoice items: what waits for a customer's next invoice, or goes on a draft of our own."""

from __future__ import annotations

from collections.abc import Iterator

from webapp.billing.objects.document import Document
from webapp.billing.objects.item import StripeItem
from webapp.billing.stripe_gateway import Missing, ask, keyed


def create(params: Document, key: str) -> StripeItem:
    return StripeItem.read(ask(lambda v1: v1.invoice_items.create(params, keyed(key))))


def read(item: str) -> StripeItem | None:
    """None for one that was deleted."""
    try:
        return StripeItem.read(ask(lambda v1: v1.invoice_items.retrieve(item)))
    except Missing:
        return None


def find(customer: str, item: str) -> StripeItem | None:
    """The one that carries our id of an item in its metadata."""
    return next((one for one in list_of(customer) if one.metadata.get("item") == item), None)


def list_of(customer: str) -> Iterator[StripeItem]:
    """A customer's, newest first."""
    wanted: Document = {"customer": customer, "limit": 100}
    while True:
        page = _page(wanted)
        yield from map(StripeItem.read, page["data"])
        if not page["has_more"]:
            return
        wanted = wanted | {"starting_after": page["data"][-1]["id"]}


def _page(params: Document) -> Document:
    return ask(lambda v1: v1.invoice_items.list(params))


def remove(item: str) -> None:
    """Take one back that no invoice has taken; one that is gone already is let be.

    Raises Bug for one that stands on an invoice.
    """
    try:
        ask(lambda v1: v1.invoice_items.delete(item))
    except Missing:
        return
