"""Stripe's own list of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import structlog

from webapp.billing.objects.document import Document
from webapp.billing.objects.event import SignedEvent
from webapp.billing.stripe_gateway import ask

MOST_PAGES = 50

log = structlog.get_logger()


def list_since(since: datetime, types: Sequence[str]) -> Iterator[SignedEvent]:
    """Events of these types (at most 20) made at or after `since`, newest first."""
    wanted = {"created": {"gte": int(since.timestamp())}, "types": list(types), "limit": 100}
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
