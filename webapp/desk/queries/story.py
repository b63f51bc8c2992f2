"""The story of an engagement with its money: what was paid, what failed, what came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from webapp.billing.models import Invoice
from webapp.desk.queries.engagement import Page
from webapp.desk.queries.money_story import firm_story
from webapp.engagements.timeline import TimelineEntry
from webapp.web import format_money, format_when

SHOWN = 8


def story_of(page: Page) -> tuple[list[TimelineEntry], list[TimelineEntry]]:
    """What has happened, oldest first, in two parts: what is long past, and the latest entries.

    What is still to come stands above, among the meetings and the steps.
    """
    told = [entry for entry in page.engagement.timeline(page.zone) if entry.state != "next"]
    told = _marked(sorted([*told, *_money(page)], key=lambda entry: entry.at))
    return told[:-SHOWN], told[-SHOWN:]


def _marked(told: list[TimelineEntry]) -> list[TimelineEntry]:
    """Money and meetings come in after the latest stage: only the very latest entry is "now".

    A trouble keeps its own mark.
    """
    settled = [replace(entry, state="done") if entry.state == "now" else entry for entry in told]
    latest = max((at for at, entry in enumerate(settled) if entry.state != "bad"), default=None)
    if latest is not None:
        settled[latest] = replace(settled[latest], state="now")
    return settled


def _money(page: Page) -> Iterator[TimelineEntry]:
    """Only for those who see the invoices."""
    if not page.seat.sees_invoices:
        return
    ours = list(firm_story(page)) if page.seat.firm else []
    yield from (_entry(told.at, page.zone, *told[1:]) for told in ours)
    for invoice in page.invoices:
        yield from _invoice(invoice, page.zone, [told.title for told in ours])
    for refund in page.refunds:
        if refund.state == "succeeded":
            amount = format_money(refund.amount)
            yield _entry(refund.created_at, page.zone, "Refunded", amount, "done")


def _invoice(invoice: Invoice, zone: str, told: Sequence[str]) -> Iterator[TimelineEntry]:
    """told: what stands there already, such as each try by itself."""
    named = f"Invoice {invoice.number}" if invoice.number else "Invoice"
    amount = format_money(invoice.total)
    if invoice.status == "paid":
        yield _entry(invoice.paid_at or invoice.issued_at, zone, f"{named} paid", amount, "done")
    elif any(title.startswith(f"{named}: try ") for title in told):
        return
    elif invoice.failing or invoice.given_up:
        yield _entry(invoice.issued_at, zone, f"{named}: a payment failed", amount, "bad")


def _entry(at: datetime, zone: str, title: str, text: str, state: str) -> TimelineEntry:
    return TimelineEntry(at, format_when(at, zone), title, text, state)
