"""What only the firm reads of the money in an engagement's story: tries, decisions, disputes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from webapp.audit import AuditEvent
from webapp.billing.models import ArrearsDecision, Dispute, Invoice, Subscription
from webapp.db import session
from webapp.desk.queries.engagement import Page
from webapp.web import format_money

DECIDED = {
    "go_on": "the work goes on",
    "pause": "the work pauses",
    "end": "the engagement ends",
}


class Told(NamedTuple):
    """state: 'done', or 'bad' for what is still a trouble."""

    at: datetime
    title: str
    text: str
    state: str


def firm_story(page: Page) -> Iterator[Told]:
    invoices = {f"{Invoice.__tablename__}:{row.id}": row for row in page.invoices}
    yield from _tries(invoices)
    yield from _decisions(page)
    yield from _stopped(page)
    for dispute in page.disputes:
        yield from _dispute(dispute)


def _tries(invoices: Mapping[str, Invoice]) -> Iterator[Told]:
    """Each one that failed, as it was written down then."""
    rows = select(AuditEvent).where(
        AuditEvent.subject.in_(invoices), AuditEvent.action == "invoice.payment_failed"
    )
    for event in session.scalars(rows.order_by(AuditEvent.at)):
        invoice, tries = invoices[event.subject], event.detail.get("attempts")
        title = f"Invoice {invoice.number}: try {tries} failed"
        state = "bad" if invoice.failing or invoice.given_up else "done"
        yield Told(event.at, title, format_money(invoice.total), state)


def _decisions(page: Page) -> Iterator[Told]:
    rows = select(ArrearsDecision).where(
        ArrearsDecision.invoice_id.in_([row.id for row in page.invoices])
    )
    for row in session.scalars(rows.order_by(ArrearsDecision.at)):
        yield Told(row.at, f"Decided: {DECIDED[row.decision]}", f"{row.by}: {row.reason}", "done")


def _stopped(page: Page) -> Iterator[Told]:
    mirror = Subscription.of(page.engagement)
    if mirror and mirror.given_up and mirror.ended_at:
        yield Told(mirror.ended_at, "Stripe stopped charging", "Every try had failed.", "bad")


def _dispute(dispute: Dispute) -> Iterator[Told]:
    amount, number = format_money(dispute.amount), dispute.payment.invoice.number
    state = "bad" if dispute.open or dispute.lost else "done"
    yield Told(dispute.opened_at, f"Invoice {number}: the bank contests it", amount, state)
    if dispute.closed_at and not dispute.open:
        how = "lost" if dispute.lost else "over, and the payment stays"
        yield Told(dispute.closed_at, f"Invoice {number}: the dispute is {how}", amount, state)
