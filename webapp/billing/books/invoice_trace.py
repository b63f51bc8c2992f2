"""One invoice with all that it comes from and all that came of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from webapp.accounts.models import Person
from webapp.billing.balance import used_by
from webapp.billing.books.traced_shares import TracedShare, shares_of
from webapp.billing.books.tracing import dashboard_url, events_about
from webapp.billing.models import (
    ArrearsDecision,
    CreditNote,
    Dispute,
    Invoice,
    InvoiceItem,
    Payment,
    StripeEvent,
    Transfer,
)
from webapp.db import session
from webapp.engagements.models import Engagement, RetainerPeriod, Terms, TermsChange
from webapp.money import Money
from webapp.notifications.models import EmailMessage

OF_THE_TERMS = frozenset({"retainer", "first_month", "deposit", "diagnostic"})


@dataclass(frozen=True)
class TracedLine:
    """terms: what it was agreed by; change: the dated change that set those, or caused the item;
    period: the month it pays for; item: the row of ours it was made from; replaces: the number of
    the invoice that it is asked for instead of, and decision: whose it was that it ended there."""

    text: str
    amount: Money
    kind: str
    terms: Terms | None
    change: TermsChange | None
    period: RetainerPeriod | None
    item: InvoiceItem | None
    replaces: str = ""
    decision: ArrearsDecision | None = None


@dataclass(frozen=True)
class InvoiceTrace:
    """settled: (how, amount) of what took something off the total, so that the total less all of
    it is what is still due; credits: the client's credit that paid, by the note that had given
    it; names: of the people whose addresses stand on decisions, by address."""

    invoice: Invoice
    lines: list[TracedLine]
    settled: list[tuple[str, Money]]
    credits: list[tuple[CreditNote | None, Money]]
    payments: list[Payment]
    credit_notes: list[CreditNote]
    disputes: list[Dispute]
    shares: list[TracedShare]
    emails: Sequence[EmailMessage]
    events: list[StripeEvent]
    names: dict[str, str]
    dashboard: str


def trace(invoice: Invoice) -> InvoiceTrace:
    payments, disputes = Payment.of(invoice), Dispute.of(invoice)
    notes: list[CreditNote] = list(
        session.scalars(select(CreditNote).filter_by(invoice_id=invoice.id).order_by(CreditNote.id))
    )
    transfers = session.scalars(
        select(Transfer).filter_by(invoice_id=invoice.id).order_by(Transfer.id)
    ).all()
    touched: list[Any] = [invoice, *payments, *invoice.refunds, *notes, *disputes, *transfers]
    return InvoiceTrace(
        invoice=invoice,
        lines=list(_lines(invoice)),
        settled=_settled(invoice, notes),
        credits=[(CreditNote.made_as(note), amount) for note, amount in used_by(invoice)],
        payments=payments,
        credit_notes=notes,
        disputes=disputes,
        shares=shares_of(invoice, transfers),
        emails=_emails(touched),
        events=events_about(row.stripe_id for row in touched),
        names=_names([*(row.by for row in invoice.refunds), *(row.by for row in notes)]),
        dashboard=dashboard_url(f"invoices/{invoice.stripe_id}", invoice.livemode),
    )


def _settled(invoice: Invoice, notes: Sequence[CreditNote]) -> list[tuple[str, Money]]:
    """Those that are something. The last is whatever else makes nothing due of it."""
    nothing, credit = Money(0, invoice.currency), invoice.balance_applied
    lessened = (n.amount for n in notes if n.means == "reduce" and n.state == "issued")
    found = [
        ("Credited while it was open", sum(lessened, nothing)),
        ("Put on the client’s credit" if credit < nothing else "Paid from their credit", credit),
        ("Paid outside Stripe" if invoice.out_of_band else "Paid", invoice.paid),
    ]
    rest = invoice.total - sum((amount for _, amount in found), nothing) - invoice.due
    over = "Void" if invoice.status == "void" else "Paid outside Stripe, which is to hear of it"
    return [one for one in (*found, (over, rest)) if one[1]]


def _names(addresses: Sequence[str]) -> dict[str, str]:
    rows = select(Person.email, Person.name).where(Person.email.in_(set(addresses)))
    return {row.email: row.name for row in session.execute(rows)}


def _lines(invoice: Invoice) -> Iterator[TracedLine]:
    items = _items(invoice)
    for line in invoice.lines:
        yield _line(invoice.engagement, line, items, invoice.currency)


def _items(invoice: Invoice) -> dict[str, InvoiceItem]:
    named = [uuid.UUID(line["item"]) for line in invoice.lines if line.get("item")]
    rows = select(InvoiceItem).where(
        or_(InvoiceItem.id.in_(named), InvoiceItem.invoice_id == invoice.id)
    )
    return {str(item.id): item for item in session.scalars(rows)}


def _line(
    engagement: Engagement, line: dict[str, Any], items: dict[str, InvoiceItem], currency: str
) -> TracedLine:
    starts = datetime.fromisoformat(line["starts"]).astimezone(ZoneInfo(engagement.time_zone))
    # A renewal may stand an hour before its local midnight, where summer time has begun since.
    day = (starts + timedelta(hours=2)).date()
    item = items.get(line.get("item") or "")
    kind = line.get("kind") or (item.kind if item else "") or "retainer"
    agreed = engagement.terms_on(day) if kind in OF_THE_TERMS and engagement.terms_history else None
    replaces = _replaced(item)
    return TracedLine(
        text=line["text"],
        amount=Money(line["minor"], currency),
        kind=kind,
        terms=agreed,
        change=_change(engagement, item, agreed),
        period=_period(engagement, kind, day),
        item=item,
        replaces=replaces,
        decision=ArrearsDecision.end_of(engagement) if replaces else None,
    )


def _replaced(item: InvoiceItem | None) -> str:
    """The number of the invoice that an item of a final one is asked for instead of."""
    if item is None or not item.key.startswith("final:"):
        return ""
    before = session.get(Invoice, uuid.UUID(item.key.split(":")[1]))
    return before.number if before else ""


def _period(engagement: Engagement, kind: str, day: date) -> RetainerPeriod | None:
    """The month that a line pays for; the first is paid before it begins."""
    if kind in {"deposit", "diagnostic"}:
        return None
    if kind == "first_month":
        return next((one for one in engagement.periods if one.number == 1), None)
    return next((one for one in engagement.periods if one.starts <= day < one.ends), None)


def _change(
    engagement: Engagement, item: InvoiceItem | None, agreed: Terms | None
) -> TermsChange | None:
    """The change that the item's key names, or the one that brought the terms about."""
    if item:
        named = item.key.partition(":")[2].partition(":")[0]
        return next((c for c in engagement.changes if named in (str(c.id), str(c.pause_id))), None)
    since = agreed.valid_from.isoformat() if agreed else None
    made = (c for c in engagement.changes if c.after and c.after.get("valid_from") == since)
    return next(made, None)


def _emails(rows: Sequence[Any]) -> Sequence[EmailMessage]:
    """The mails about the invoice itself, or about what was paid and given back of it."""
    about = [f"{row.__tablename__}:{row.id}" for row in rows]
    found = select(EmailMessage).where(EmailMessage.about.in_(about))
    return session.scalars(found.order_by(EmailMessage.created_at, EmailMessage.id)).all()
