"""Stripe's lists, a page of a hundred at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webapp.billing.objects.document import Document
from webapp.billing.stripe_gateway import ask

PAGE = 100

# By the noun of their events; what has to be expanded for our facts to be read.
LISTS: dict[str, Callable[[Any, Document], Any]] = {
    "customer": lambda v1, params: v1.customers.list(params),
    "customer.subscription": lambda v1, params: v1.subscriptions.list(params),
    "invoice": lambda v1, params: v1.invoices.list(params),
    "charge": lambda v1, params: v1.charges.list(params),
    "refund": lambda v1, params: v1.refunds.list(params),
    "credit_note": lambda v1, params: v1.credit_notes.list(params),
    "charge.dispute": lambda v1, params: v1.disputes.list(params),
    "transfer": lambda v1, params: v1.transfers.list(params),
}


def page_of(noun: str, params: Document, after: str) -> tuple[list[Document], str]:
    """One page after an id ('' for the first), newest first, and the id to go on after ('' when
    it was the last)."""
    wanted = params | {"limit": PAGE} | ({"starting_after": after} if after else {})
    found = ask(lambda v1: LISTS[noun](v1, wanted))
    rows: list[Document] = found["data"]
    return rows, rows[-1]["id"] if found["has_more"] else ""
