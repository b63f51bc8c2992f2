"""Overage that was said to be less before an invoice took it: its lines are replaced by less."""

from __future__ import annotations

from sqlalchemy import select

from webapp import audit
from webapp.billing.calls import items
from webapp.billing.models import Credit, Customer, InvoiceItem
from webapp.db import session
from webapp.money import Money
from webapp.outbox import RetryLater

SOON = 600


def lessen(credit: Credit) -> Money:
    """Take it off the lines of its period that still wait, the newest first; what is left of it
    stands on invoices, and is given back there.

    Raises RetryLater while one of them is on an invoice that is not final.
    """
    left = credit.amount
    for item in reversed(_of_period(credit)):
        if item.state == "void" or item.state == "invoiced" or not left:
            continue
        _take_off_stripe(item)
        cut = min(left, item.amount)
        left -= cut
        _replace(item, item.amount - cut, credit)
    return left


def _of_period(credit: Credit) -> list[InvoiceItem]:
    """Those that it could be about; a key is 'overage:<period>' with what follows."""
    period = ":".join(credit.key.split(":")[:2])
    rows = select(InvoiceItem).where(InvoiceItem.key.startswith(period))
    return list(session.scalars(rows.order_by(InvoiceItem.id).with_for_update()))


def lines_of(credit: Credit) -> set[str]:
    """The ids of the items that may stand on invoices for it."""
    return {str(item.id) for item in _of_period(credit)}


def _take_off_stripe(item: InvoiceItem) -> None:
    customer = Customer.of(item.engagement.company_id)
    there = items.find(customer.stripe_id, str(item.id)) if customer else None
    if item.bill_id or (there and there.invoice):
        raise RetryLater(f"an invoice has taken {item.key} and is not final yet", SOON)
    if there:
        items.remove(there.id)


def _replace(item: InvoiceItem, rest: Money, credit: Credit) -> None:
    item.state = "void"
    audit.record("invoice_item.lessened", item, minor=rest.minor, credit=str(credit.id))
    if rest:
        key, label = f"{item.key}:less:{credit.id}", f"{item.label}, less what was too much"
        InvoiceItem.add(item.engagement, "overage", key, label, rest,
                        starts=item.starts, ends=item.ends)  # fmt: skip
