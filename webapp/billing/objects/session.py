"""A Checkout Session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.billing.objects.document import Document, id_of, moment


@dataclass(frozen=True)
class StripeSession:
    """A Checkout Session. status: open, complete or expired; url only while it is open."""

    id: str
    status: str
    payment_status: str
    url: str
    customer: str | None
    subscription: str | None
    invoice: str | None
    payment_intent: str | None
    total_minor: int | None
    tax_minor: int | None
    expires_at: datetime
    livemode: bool
    metadata: dict[str, str]

    @property
    def paid(self) -> bool:
        """Complete and settled; a bank debit may be complete for days before it is paid."""
        return self.status == "complete" and self.payment_status != "unpaid"

    @property
    def debited(self) -> bool:
        """Complete, and the money is not there: a bank debit is on its way, or came back."""
        return self.status == "complete" and self.payment_status == "unpaid"

    @classmethod
    def read(cls, found: Document) -> StripeSession:
        return cls(
            id=found["id"],
            status=found["status"],
            payment_status=found["payment_status"],
            url=found["url"] or "",
            customer=id_of(found["customer"]),
            subscription=id_of(found["subscription"]),
            invoice=id_of(found["invoice"]),
            payment_intent=id_of(found["payment_intent"]),
            total_minor=found["amount_total"],
            tax_minor=(found["total_details"] or {}).get("amount_tax"),
            expires_at=moment(found["expires_at"]),
            livemode=found["livemode"],
            metadata=found["metadata"] or {},
        )
