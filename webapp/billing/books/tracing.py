"""From one row of the books to the others it belongs with."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from webapp.billing.models import (
    Checkout,
    CreditNote,
    Customer,
    Dispute,
    Invoice,
    Payment,
    Refund,
    StripeEvent,
    Subscription,
    Transfer,
)
from webapp.billing.models.event import HANDLE
from webapp.db import session
from webapp.outbox import Job

DASHBOARD = "https://dashboard.stripe.com"
NOUNS: tuple[tuple[str, type[Any]], ...] = (
    ("invoice", Invoice), ("subscription", Subscription), ("Checkout", Checkout),
    ("customer", Customer), ("payment", Payment), ("refund", Refund), ("credit note", CreditNote),
    ("dispute", Dispute), ("transfer", Transfer),
)  # fmt: skip


@dataclass(frozen=True)
class Traced:
    """A row of ours that mirrors an object of Stripe's, and the pages it can be seen on."""

    noun: str
    stripe_id: str
    engagement_id: uuid.UUID | None
    invoice_id: uuid.UUID | None


def dashboard_url(path: str, livemode: bool) -> str:
    """A page of Stripe's dashboard, such as 'invoices/in_1': test objects have their own."""
    return f"{DASHBOARD}/{path}" if livemode else f"{DASHBOARD}/test/{path}"


def jobs_of(event: StripeEvent) -> list[Job]:
    """The tries to handle an event, the latest first."""
    named = Job.payload[0].as_string() == event.id
    rows = select(Job).where(Job.task == HANDLE, named).order_by(Job.created_at.desc())
    return list(session.scalars(rows))


def objects_of(stripe_ids: Iterable[str]) -> list[Traced]:
    """What we have of these objects of Stripe's: one query a noun."""
    wanted = sorted({one for one in stripe_ids if one})
    return list(_found(wanted)) if wanted else []


def _found(wanted: list[str]) -> Iterator[Traced]:
    for noun, model in NOUNS:
        for row in session.scalars(select(model).where(model.stripe_id.in_(wanted))):
            invoice = _invoice_of(row)
            owner = invoice.engagement_id if invoice else getattr(row, "engagement_id", None)
            yield Traced(noun, row.stripe_id, owner, invoice.id if invoice else None)


def _invoice_of(row: Any) -> Invoice | None:
    if isinstance(row, Invoice):
        return row
    found: Invoice | None = getattr(row, "invoice", None)
    return found


def events_about(stripe_ids: Iterable[str]) -> list[StripeEvent]:
    """The events about any of these objects, oldest first."""
    wanted = sorted({one for one in stripe_ids if one})
    rows = select(StripeEvent).where(StripeEvent.about.in_(wanted))
    return list(session.scalars(rows.order_by(StripeEvent.received_at, StripeEvent.id)))
