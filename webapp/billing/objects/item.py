"""An invoice item."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.objects.document import Document, id_of
from webapp.money import Money


@dataclass(frozen=True)
class StripeItem:
    """invoice: None while it waits for one."""

    id: str
    amount: Money
    invoice: str | None
    metadata: dict[str, str]

    @classmethod
    def read(cls, found: Document) -> StripeItem:
        return cls(
            id=found["id"],
            amount=Money(found["amount"], found["currency"].upper()),
            invoice=id_of(found["invoice"]),
            metadata=found["metadata"] or {},
        )
