"""A dispute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.billing.objects.document import Document, id_of, instant, moment
from webapp.money import Money


@dataclass(frozen=True)
class StripeDispute:
    """fee: what Stripe has kept for it so far; None while it has moved no money."""

    id: str
    charge: str
    status: str
    reason: str
    amount: Money
    fee: Money | None
    evidence_due_at: datetime | None
    opened_at: datetime
    livemode: bool

    @classmethod
    def read(cls, found: Document) -> StripeDispute:
        return cls(
            id=found["id"],
            charge=id_of(found["charge"]) or "",
            status=found["status"],
            reason=found["reason"],
            amount=Money(found["amount"], found["currency"].upper()),
            fee=_fee(found["balance_transactions"]),
            evidence_due_at=instant((found["evidence_details"] or {}).get("due_by")),
            opened_at=moment(found["created"]),
            livemode=found["livemode"],
        )


def _fee(booked: list[Document]) -> Money | None:
    if not booked:
        return None
    return Money(sum(one["fee"] for one in booked), booked[0]["currency"].upper())
