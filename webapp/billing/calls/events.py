"""Stripe's own list of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import structlog

from webapp.billing.objects.document import Document
from webapp.billing.objects.event import SignedEvent
from webapp.billing.stripe_gateway import ask

MOST_PAGES = 50
# https://docs.stripe.com/api/events/list#list_events-types
MOST_TYPES = 20

# Where an object of each noun is read, for events that tell of it in another version's shape.
READ: dict[str, Callable[[Any, str], Any]] = {
    "checkout.session": lambda v1, key: v1.checkout.sessions.retrieve(key),
    "customer.subscription": lambda v1, key: v1.subscriptions.retrieve(key),
    "invoice": lambda v1, key: v1.invoices.retrieve(key),
    "invoiceitem": lambda v1, key: v1.invoice_items.retrieve(key),
    "refund": lambda v1, key: v1.refunds.retrieve(key),
    "customer": lambda v1, key: v1.customers.retrieve(key),
    "charge": lambda v1, key: v1.charges.retrieve(key),
    "charge.dispute": lambda v1, key: v1.disputes.retrieve(key),
    "credit_note": lambda v1, key: v1.credit_notes.retrieve(key),
    "payment_method": lambda v1, key: v1.payment_methods.retrieve(key),
    "account": lambda v1, key: v1.accounts.retrieve(key),
    "transfer": lambda v1, key: v1.transfers.retrieve(key),
}

log = structlog.get_logger()


def list_since(since: datetime, types: Sequence[str]) -> Iterator[SignedEvent]:
    """Events of these types made at or after `since`: newest first, twenty types at a time."""
    for first in range(0, len(types), MOST_TYPES):
        yield from _of_types(since, list(types[first : first + MOST_TYPES]))


def _of_types(since: datetime, types: list[str]) -> Iterator[SignedEvent]:
    wanted = {"created": {"gte": int(since.timestamp())}, "types": types, "limit": 100}
    after: Document = {}
    for _ in range(MOST_PAGES):
        page = _events(wanted | after)
        yield from map(SignedEvent.read, page["data"])
        if not page["has_more"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}
    log.error("stripe.events_cut_short", since=since.isoformat())


def _events(params: Document) -> Document:
    return ask(lambda v1: v1.events.list(params))


def subject_now(noun: str, stripe_id: str) -> Document:
    """The object as Stripe shows it in our version. noun: an event type without its verb."""
    return ask(lambda v1: READ[noun](v1, stripe_id))
