"""Which lines of which invoices charged some days, and how much of each can still be given back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from webapp.billing.buying.order import month_number
from webapp.billing.models import CreditNote, Invoice
from webapp.billing.returning.left import left_for_notes
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.models.period import month_of
from webapp.money import Money

GIVING = ("open", "paid")


@dataclass(frozen=True)
class Part:
    """What one invoice gives back: lines as a credit note keeps them."""

    invoice: Invoice
    lines: tuple[dict[str, Any], ...]

    @property
    def net(self) -> Money:
        return Money(sum(line["net"] for line in self.lines), self.invoice.currency)


def of_days(engagement: Engagement, starts: date, ends: date, amount: Money) -> list[Part]:
    """The charges of the months of [starts, ends), newest first, up to an amount before tax; less
    where less is left of them."""
    last = ends - timedelta(days=1)
    months = range(month_of(engagement.kick_off_on, starts),
                   month_of(engagement.kick_off_on, last) + 1)  # fmt: skip
    return _filled(_newest(engagement), amount, lambda line: _month_of(engagement, line) in months)


def of_items(engagement: Engagement, items: set[str], amount: Money) -> list[Part]:
    """What items of ours charged, by their ids."""
    return _filled(_newest(engagement), amount, lambda line: line.get("item") in items)


def of_deposit(invoice: Invoice, amount: Money) -> list[Part]:
    return _filled([invoice], amount, lambda line: line["kind"] == "deposit")


def _newest(engagement: Engagement) -> Iterable[Invoice]:
    rows = select(Invoice).where(
        Invoice.engagement_id == engagement.id, Invoice.status.in_(GIVING)
    )  # fmt: skip
    return session.scalars(rows.order_by(Invoice.issued_at.desc(), Invoice.id.desc()))


def _filled(invoices: Iterable[Invoice], amount: Money, wanted: Any) -> list[Part]:
    parts: list[Part] = []
    for invoice in invoices:
        lines = tuple(_taken(invoice, filter(wanted, invoice.lines), amount.minor))
        if lines:
            parts.append(Part(invoice, lines))
            amount -= parts[-1].net
    return parts


def _month_of(engagement: Engagement, line: dict[str, Any]) -> int | None:
    """The month that a line charges days of; None for what is no fee for days."""
    if line["minor"] <= 0:
        return None
    if line["kind"] == "first_month":
        return 1
    starts = datetime.fromisoformat(line["starts"])
    if line["kind"] == "retainer":
        return month_number(engagement, starts)
    if line["kind"] == "proration":
        return month_of(engagement.kick_off_on, engagement.local_date(starts))
    return None


def _taken(
    invoice: Invoice, lines: Iterable[dict[str, Any]], wanted: int
) -> Iterator[dict[str, Any]]:
    """The newest first; with their tax never more than what is left of the invoice."""
    before, left = _credited(invoice), left_for_notes(invoice).minor
    for line in sorted(lines, key=lambda line: str(line["starts"]), reverse=True):
        whole = line["minor"] - line.get("discount", 0)
        gross = whole + line.get("tax", 0)
        net = min(wanted, whole - before.get(line["id"], 0), left * whole // gross if gross else 0)
        if net > 0:
            wanted -= net
            left -= -(-net * gross // whole)
            yield {"id": line["id"], "minor": before_discount(line, net), "net": net}


def _credited(invoice: Invoice) -> dict[str, int]:
    """By the id of a line, what was given back of it after discount."""
    found: dict[str, int] = {}
    for note in CreditNote.of(invoice):
        for line in note.lines if note.counts else ():
            found[line["id"]] = found.get(line["id"], 0) + line["net"]
    return found


def before_discount(line: dict[str, Any], net: int) -> int:
    """The amount of a line of which, less its share of the line's discount, so much is left."""
    minor, discount = int(line["minor"]), int(line.get("discount", 0))
    if not discount:
        return net
    near = net * minor // (minor - discount)
    found = (one for one in range(max(near - 2, 1), near + 4) if _less(one, discount, minor) == net)
    return min(next(found, near), minor)


def _less(gross: int, discount: int, minor: int) -> int:
    """Stripe rounds the discount's share half up."""
    return gross - (2 * gross * discount + minor) // (2 * minor)


def sum_of(parts: Sequence[Part], currency: str) -> Money:
    return sum((part.net for part in parts), Money(0, currency))
