"""What many engagements have paid and owe, in a constant number of queries."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.billing.models import Invoice, Subscription
from webapp.db import session
from webapp.money import Money


@dataclass(frozen=True)
class MoneyLine:
    """paid: the latest paid invoice; overdue: not paid when it should have been; shown: the one
    that tells how they stand, the overdue or else the latest; next_at: the renewal."""

    paid: Money | None = None
    paid_at: datetime | None = None
    overdue: Money | None = None
    shown: Invoice | None = None
    hosted_url: str = ""
    next_at: datetime | None = None


def money_of(engagement_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, MoneyLine]:
    """Two queries, however many engagements."""
    renewals = _renewals(engagement_ids)
    invoices = _invoices(engagement_ids)
    return {key: _line(invoices.get(key, []), renewals.get(key)) for key in {*renewals, *invoices}}


def _renewals(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, datetime | None]:
    rows = select(Subscription.engagement_id, Subscription.renews_at)
    found = session.execute(rows.where(Subscription.engagement_id.in_(ids)))
    return {row.engagement_id: row.renews_at for row in found}


def _invoices(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Invoice]]:
    rows = select(Invoice).where(Invoice.engagement_id.in_(ids)).order_by(Invoice.issued_at)
    found: dict[uuid.UUID, list[Invoice]] = {}
    for invoice in session.scalars(rows.options(joinedload(Invoice.engagement))):
        found.setdefault(invoice.engagement_id, []).append(invoice)
    return found


def _line(invoices: Iterable[Invoice], next_at: datetime | None) -> MoneyLine:
    paid = overdue = latest = None
    for invoice in invoices:
        latest = invoice if invoice.status not in {"draft", "void"} else latest
        if invoice.status == "paid":
            paid = invoice
        elif invoice.late:
            overdue = invoice
    return MoneyLine(
        paid=paid.total if paid else None,
        paid_at=paid.paid_at if paid else None,
        overdue=overdue.due if overdue else None,
        shown=overdue or latest,
        hosted_url=overdue.hosted_url if overdue else "",
        next_at=next_at,
    )
