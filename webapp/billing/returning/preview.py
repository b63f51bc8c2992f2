"""What giving money back will set off, told before it is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from webapp.billing.models import Invoice, Payment, Transfer
from webapp.billing.models.transfer import standing
from webapp.billing.paying_out.received import received_from
from webapp.billing.paying_out.sharing import shares
from webapp.billing.returning.giving import Giving
from webapp.billing.returning.left import REDUCE, left_of
from webapp.db import session
from webapp.money import Money


@dataclass(frozen=True)
class TakenBack:
    """sent: it is with the consultant already, and is called back from their account."""

    name: str
    amount: Money
    sent: bool


@dataclass(frozen=True)
class Preview:
    giving: Giving
    left_after: Money
    paid_with: Payment | None
    taken: Sequence[TakenBack]


def preview(invoice: Invoice, giving: Giving) -> Preview:
    """Nothing is written."""
    payment = next(iter(Payment.of(invoice)), None)
    return Preview(giving, left_of(invoice) - giving.amount, payment, _taken(invoice, giving))


def _taken(invoice: Invoice, giving: Giving) -> list[TakenBack]:
    if giving.means == REDUCE:
        return []
    rows = select(Transfer).where(
        Transfer.invoice_id == invoice.id, Transfer.part.startswith("fee")
    )
    rows = rows.options(joinedload(Transfer.consultant), selectinload(Transfer.reversals))
    theirs: dict[str, list[Transfer]] = {}
    for row in session.scalars(rows.order_by(Transfer.id)):
        theirs.setdefault(row.consultant.name, []).append(row)
    before = received_from(invoice)
    after = replace(before, returned=before.returned + giving.amount)
    percents = [shared[0].share_percent for shared in theirs.values()]
    found = []
    for (name, shared), wanted in zip(theirs.items(), shares(after, percents), strict=True):
        minor = standing(shared) - wanted.minor
        if minor > 0:
            sent = any(row.state in {"intended", "sent"} for row in shared)
            found.append(TakenBack(name, Money(minor, invoice.currency), sent))
    return found
