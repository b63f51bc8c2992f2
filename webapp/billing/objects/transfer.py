"""A transfer to a connected account, and what was called back of it."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.objects.document import Document, id_of
from webapp.money import Money


@dataclass(frozen=True)
class StripeTransfer:
    id: str
    amount: Money
    reversed: Money
    destination: str
    source: str | None
    metadata: dict[str, str]

    @classmethod
    def read(cls, found: Document) -> StripeTransfer:
        currency = found["currency"].upper()
        return cls(
            id=found["id"],
            amount=Money(found["amount"], currency),
            reversed=Money(found["amount_reversed"], currency),
            destination=id_of(found["destination"]) or "",
            source=id_of(found["source_transaction"]),
            metadata=found["metadata"] or {},
        )


@dataclass(frozen=True)
class StripeReversal:
    id: str
    amount: Money
    metadata: dict[str, str]

    @classmethod
    def read(cls, found: Document) -> StripeReversal:
        return cls(
            id=found["id"],
            amount=Money(found["amount"], found["currency"].upper()),
            metadata=found["metadata"] or {},
        )
