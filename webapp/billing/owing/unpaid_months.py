"""What is open when an engagement ends in the middle of a month, or while its deposit is held.

An invoice that is issued can neither be set off against the deposit nor ask for the days that were
worked and no others. So it is void, and what is owed of it goes on the final invoice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from webapp import audit
from webapp.billing import mirroring
from webapp.billing.buying.order import month_number
from webapp.billing.calls import invoices
from webapp.billing.models import Invoice, InvoiceItem
from webapp.billing.models.invoice_item import KINDS
from webapp.billing.owing import deposit
from webapp.engagements.models import Engagement
from webapp.engagements.models.period import span
from webapp.money import Money
from webapp.web import format_day

MONTHS = ("first_month", "retainer")
Line = dict[str, Any]
Month = tuple[date, date]


@dataclass(frozen=True)
class Ending:
    """The day on which an engagement ends, or would."""

    engagement: Engagement
    on: date


def draw_together(engagement: Engagement) -> None:
    """Void what is open of its months, and write down what is owed of it as items that wait for the
    final invoice. The engagement's lock is the caller's; safe to do again."""
    if engagement.called_off_at or engagement.ends_on is None:
        return
    held = deposit.left_of(engagement)
    for invoice in Invoice.open_of(engagement):
        if _to_be_asked_anew(Ending(engagement, engagement.ends_on), invoice, held):
            _ask_anew(engagement, invoice, engagement.ends_on)


def foreseen(engagement: Engagement, ends: date) -> Money:
    """What the final invoice, and what stays open beside it, would ask for if it ended then, before
    tax and before the deposit is set off. Asks nothing of Stripe."""
    held, ending = deposit.left_of(engagement), Ending(engagement, ends)
    total = sum((item.amount for item in InvoiceItem.pending_of(engagement)), held * 0)
    return sum((_comes_to(ending, one, held) for one in Invoice.open_of(engagement)), total)


def _comes_to(ending: Ending, invoice: Invoice, held: Money) -> Money:
    if not _to_be_asked_anew(ending, invoice, held):
        return invoice.due
    return Money(sum(minor for *_, minor in _owed(ending, invoice)), invoice.currency)


def _to_be_asked_anew(ending: Ending, invoice: Invoice, held: Money) -> bool:
    """Not while a bank debit is under way, nor where finance was paid elsewhere."""
    months = [line for line in invoice.lines if line["kind"] in MONTHS]
    if not months or invoice.processing or invoice.settled_note:
        return False
    return bool(held) or any(_worked(ending, line) != _net(line) for line in months)


def _ask_anew(engagement: Engagement, invoice: Invoice, ends: date) -> None:
    owed = list(_owed(Ending(engagement, ends), invoice))
    invoices.void(invoice.stripe_id)
    mirroring.mirror_invoice(engagement, invoices.read(invoice.stripe_id))
    for number, (kind, label, minor) in enumerate(owed):
        amount = Money(minor, invoice.currency)
        if amount:
            InvoiceItem.add(engagement, kind, f"final:{invoice.id}:{number}", label, amount)
    audit.record("invoice.asked_anew", invoice, minor=sum(minor for *_, minor in owed))


def _owed(ending: Ending, invoice: Invoice) -> Iterator[tuple[str, str, int]]:
    """(kind, label, minor units before tax) of what an invoice's lines come to at the end. A
    deposit that was never paid is asked for no more."""
    for line in invoice.lines:
        if line["kind"] in MONTHS:
            yield "proration", _label(ending, line), _worked(ending, line)
        elif line["kind"] != "deposit":
            kind = line["kind"] if line["kind"] in KINDS else "one_off"
            yield kind, line["text"], _net(line)


def _net(line: Line) -> int:
    return int(line["minor"] - line.get("discount", 0))


# -- the days that were worked ---------------------------------------------------------------------


def month_of(engagement: Engagement, line: Line) -> Month:
    """Stripe does not know the days of the first one, and may stand an hour off with the others."""
    if line["kind"] == "first_month":
        return span(engagement.kick_off_on, 1)
    number = month_number(engagement, datetime.fromisoformat(line["starts"]))
    return span(engagement.kick_off_on, number)


def _days(ending: Ending, month: Month) -> list[date]:
    """Of the month, up to the end; those of a pause cost nothing."""
    length = (min(month[1], ending.on) - month[0]).days
    every = (month[0] + timedelta(days=number) for number in range(length))
    return [day for day in every if not ending.engagement.paused_on(day)]


def _worked(ending: Ending, line: Line) -> int:
    """What those days come to, each at the price of its plan, and never above the line's."""
    engagement = ending.engagement
    month, share = month_of(engagement, line), (_net(line), int(line["minor"]))

    def price_on(day: date) -> int:
        return min(_net(line), engagement.terms_on(day).price.prorate(*share).minor)

    whole = (month[1] - month[0]).days
    currency = engagement.terms.currency
    stretches = groupby(_days(ending, month), price_on)
    parts = (Money(price, currency).prorate(len(list(days)), whole) for price, days in stretches)
    return sum(part.minor for part in parts)


def _label(ending: Ending, line: Line) -> str:
    engagement = ending.engagement
    month = month_of(engagement, line)
    days = _days(ending, month)
    name = engagement.terms_on(month[0]).name
    of = f"{len(days)} of {(month[1] - month[0]).days} days"
    return f"{name}, from {format_day(month[0])}: {of}"
