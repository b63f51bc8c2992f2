"""What is unpaid when an engagement ends in the middle of a month, or while its deposit is held.

An invoice that is issued can neither be set off against the deposit nor ask for the days that were
worked and no others. So it is void, and what is owed of it goes on the final invoice. It is marked
first, void next, and its items are written once it is: wherever that breaks off, and whoever hears
of it first, it goes on from there. One that the client pays meanwhile is paid, and no item is made.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from sqlalchemy import select

from webapp.billing import mirroring
from webapp.billing.calls import invoices
from webapp.billing.models import Bill, CreditNote, Invoice, InvoiceItem
from webapp.billing.models.invoice_item import KINDS
from webapp.billing.owing import deposit
from webapp.billing.owing.asked_days import MONTHS, AskedDays, Line, days_of, month_span
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.outbox import RetryLater
from webapp.web import format_day

FINAL = "final invoice"
SOON, DEBIT_TAKES = 600, 6 * 3600
# (kind, label, what it comes to before tax)
Owed = tuple[str, str, int]


@dataclass(frozen=True)
class Ending:
    """The day on which an engagement ends, or would; asked: which days something asks for."""

    engagement: Engagement
    on: date
    asked: AskedDays

    @classmethod
    def of(cls, engagement: Engagement, on: date) -> Ending:
        return cls(engagement, on, AskedDays.of(engagement))


def draw_together(engagement: Engagement) -> bool:
    """Mark what is to be asked anew, and write down what is owed of that which is void by now, as
    items that wait for the final invoice. False while something marked is still to be voided: we
    are called again once it is. The engagement's lock is the caller's; safe to do again."""
    if engagement.called_off_at or engagement.ends_on is None:
        return True
    ending, held = Ending.of(engagement, engagement.ends_on), deposit.left_of(engagement)
    for invoice in Invoice.unpaid_of(engagement):
        if not invoice.asked_anew and _to_be_asked_anew(ending, invoice, held):
            invoice.ask_anew()
    marked = Invoice.marked_of(engagement)
    for invoice in marked:
        if invoice.status == "void":
            _ask_anew(ending, invoice)
    return all(invoice.status in {"void", "paid"} for invoice in marked)


def void_marked(invoice_id: uuid.UUID) -> None:
    """The job: nobody can pay it any more, unless somebody has, or finance was paid elsewhere. The
    mirror's change has the account looked at again.

    Raises RetryLater while less of it is being asked for, or a bank debit is under way.
    """
    invoice = session.get_one(Invoice, invoice_id)
    engagement = mirroring.locked(invoice.engagement_id)
    assert engagement is not None
    session.refresh(invoice)
    if any(note.state == "intended" for note in CreditNote.of(invoice)):
        raise RetryLater("a credit note on it is not made yet", SOON)
    if invoices.read(invoice.stripe_id).processing:
        raise RetryLater("a payment of it is under way", DEBIT_TAKES)
    if invoice.status in {"open", "uncollectible"} and not invoice.settled_note:
        invoices.void(invoice.stripe_id)
        mirroring.mirror_invoice(engagement, invoices.read(invoice.stripe_id))


def foreseen(engagement: Engagement, ends: date) -> Money:
    """What the final invoice, and what stays open beside it, would ask for if it ended then, before
    tax and before the deposit is set off. Asks nothing of Stripe."""
    held, ending = deposit.left_of(engagement), Ending.of(engagement, ends)
    total = sum((item.amount for item in InvoiceItem.pending_of(engagement)), held * 0)
    return sum((_comes_to(ending, one, held) for one in Invoice.unpaid_of(engagement)), total)


def _comes_to(ending: Ending, invoice: Invoice, held: Money) -> Money:
    if not _to_be_asked_anew(ending, invoice, held):
        return invoice.due
    return Money(sum(minor for *_, minor in _owed(ending, invoice)), invoice.currency)


def _to_be_asked_anew(ending: Ending, invoice: Invoice, held: Money) -> bool:
    """What asks for days. Not while a bank debit is under way, nor the final invoice itself."""
    parts = [part for part in _parts(ending, invoice) if part.days]
    if not parts or invoice.processing or _is_final(invoice):
        return False
    return bool(held) or any(part.worked < part.left for part in parts)


def _is_final(invoice: Invoice) -> bool:
    made = select(Bill.id).where(Bill.stripe_id == invoice.stripe_id, Bill.reason == FINAL)
    return session.scalar(made.limit(1)) is not None


def _ask_anew(ending: Ending, invoice: Invoice) -> None:
    """Once: what it came to then is what it comes to."""
    key = f"final:{invoice.id}"
    known = select(InvoiceItem.id).where(InvoiceItem.key.startswith(f"{key}:"))
    if session.scalar(known.limit(1)):
        return
    for number, (kind, label, minor) in enumerate(_owed(ending, invoice)):
        if minor:
            amount = Money(minor, invoice.currency)
            InvoiceItem.add(ending.engagement, kind, f"{key}:{number}", label, amount)


# -- what its lines come to ------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """What a line comes to at the end, in minor units before tax. left: after discount and what was
    credited of it by name; worked: of that, for the days it asks for (days: whether it does)."""

    kind: str
    label: str
    left: int
    worked: int
    days: bool = True


def _owed(ending: Ending, invoice: Invoice) -> list[Owed]:
    """What is owed of an invoice: what its lines come to, less its share of what was taken off the
    whole of it. A deposit that was never paid is asked for no more."""
    parts = list(_parts(ending, invoice))
    worked = Money(sum(part.worked for part in parts), invoice.currency)
    left, off = sum(part.left for part in parts), _taken_off(invoice)
    weights = [part.worked for part in parts]
    if worked and off:
        weights = [one.minor for one in worked.prorate(max(0, left - off), left).allocate(weights)]
    return [(one.kind, one.label, minor) for one, minor in zip(parts, weights, strict=True)]


def _taken_off(invoice: Invoice) -> int:
    """By credit notes that name no line, without tax."""
    notes = (note for note in CreditNote.of(invoice) if note.counts and not note.lines)
    return sum(note.amount_minor - note.tax_minor for note in notes)


def _parts(ending: Ending, invoice: Invoice) -> Iterator[Part]:
    items, credited = _items_on(invoice), _credited(invoice)
    for line in invoice.lines:
        left, item = _net(line) - credited.get(line["id"], 0), items.get(line["item"])
        if line["kind"] in MONTHS:
            yield _of_month(ending, line, left)
        elif item:
            yield _of_item(ending, item, left)
        elif line["kind"] != "deposit":
            kind = line["kind"] if line["kind"] in KINDS else "one_off"
            yield Part(kind, line["text"], left, left, days=False)


def _net(line: Line) -> int:
    return int(line["minor"] - line.get("discount", 0))


def _credited(invoice: Invoice) -> dict[str, int]:
    """By the id of a line."""
    found: dict[str, int] = {}
    for note in CreditNote.of(invoice):
        for line in note.lines if note.counts else ():
            found[line["id"]] = found.get(line["id"], 0) + line["net"]
    return found


def _items_on(invoice: Invoice) -> dict[str, InvoiceItem]:
    """By their ids, those for whole days: hours beside the retainer were worked, whatever day."""
    ids = [uuid.UUID(line["item"]) for line in invoice.lines if line["item"]]
    rows = select(InvoiceItem).where(
        InvoiceItem.id.in_(ids), InvoiceItem.kind == "proration", InvoiceItem.starts.is_not(None)
    )
    return {str(item.id): item for item in session.scalars(rows)} if ids else {}


# -- the days that were worked ---------------------------------------------------------------------


def _of_month(ending: Ending, line: Line, left: int) -> Part:
    engagement = ending.engagement
    starts, ends = month_span(engagement, line)
    days = [day for day in _worked(ending, starts, ends) if ending.asked.month_asks(day)]
    label = f"{engagement.terms_on(starts).name}, from {format_day(starts)}"
    return _part(label, min(left, _cost(ending, line, days)), left, len(days), ends - starts)


def _of_item(ending: Ending, item: InvoiceItem, left: int) -> Part:
    assert item.starts and item.ends
    days = _worked(ending, item.starts, item.ends)
    days = [day for day in days if ending.asked.item_asks(item, day)]
    worked = item.amount.prorate(len(days), (item.ends - item.starts).days).minor
    return _part(item.label, min(left, worked), left, len(days), item.ends - item.starts)


def _part(label: str, worked: int, left: int, days: int, of: timedelta) -> Part:
    return Part("proration", f"{label}: {days} of {of.days} days", left, worked)


def _worked(ending: Ending, starts: date, ends: date) -> list[date]:
    """Up to the end; those of a pause cost nothing."""
    days = days_of(starts, min(ends, ending.on))
    return [day for day in days if not ending.engagement.paused_on(day)]


def _cost(ending: Ending, line: Line, days: Sequence[date]) -> int:
    """What days of a month come to, each at the price of its plan, and never above the line's."""
    engagement, net = ending.engagement, _net(line)
    starts, ends = month_span(engagement, line)

    def price_on(day: date) -> int:
        price = engagement.terms_on(day).price.prorate(net, int(line["minor"]))
        return min(net, price.minor)

    currency, whole = engagement.terms.currency, (ends - starts).days
    stretches = groupby(days, price_on)
    parts = (Money(price, currency).prorate(len(list(same)), whole) for price, same in stretches)
    return sum(part.minor for part in parts)
