"""A credit note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.billing.objects.document import Document, id_of, moment
from webapp.money import Money


@dataclass(frozen=True)
class StripeCreditNote:
    """amount: with tax; tax: of it. means: 'reduce', 'refund', 'credit' or 'outside', by where most
    of the amount goes."""

    id: str
    invoice: str
    status: str
    amount: Money
    tax: Money
    means: str
    reason: str
    memo: str
    number: str
    pdf_url: str
    made_at: datetime
    metadata: dict[str, str]

    @classmethod
    def read(cls, found: Document) -> StripeCreditNote:
        currency = found["currency"].upper()
        taxes = found.get("total_taxes") or []
        return cls(
            id=found["id"],
            invoice=id_of(found["invoice"]) or "",
            status=found["status"],
            amount=Money(found["amount"], currency),
            tax=Money(sum(one["amount"] for one in taxes), currency),
            means=_means(found),
            reason=found["reason"] or "",
            memo=found["memo"] or "",
            number=found["number"] or "",
            pdf_url=found["pdf"] or "",
            made_at=moment(found["created"]),
            metadata=found["metadata"] or {},
        )


def _means(found: Document) -> str:
    """https://docs.stripe.com/api/credit_notes/object: what is neither refunded nor given outside
    goes onto the customer's balance."""
    if found["type"] == "pre_payment":
        return "reduce"
    refunded = sum(one["amount_refunded"] for one in found["refunds"])
    outside = found["out_of_band_amount"] or 0
    shares = {"refund": refunded, "outside": outside}
    shares["credit"] = found["amount"] - refunded - outside
    return max(shares, key=lambda name: shares[name])
