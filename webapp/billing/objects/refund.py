"""A refund."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.objects.document import Document, id_of
from webapp.money import Money


@dataclass(frozen=True)
class StripeRefund:
    id: str
    status: str
    amount: Money
    payment_intent: str | None
    metadata: dict[str, str]
    failure: str

    @classmethod
    def read(cls, found: Document) -> StripeRefund:
        return cls(
            id=found["id"],
            status=found["status"] or "pending",
            amount=Money(found["amount"], found["currency"].upper()),
            payment_intent=id_of(found["payment_intent"]),
            metadata=found["metadata"] or {},
            failure=found.get("failure_reason") or "",
        )
