"""An invoice and its lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.billing.objects.document import Document, id_of, instant, moment
from webapp.money import Money


@dataclass(frozen=True)
class StripeLine:
    """One line of an invoice; recurring lines are the subscription's own, for [starts, ends)."""

    text: str
    amount: Money
    starts: datetime
    ends: datetime
    recurring: bool

    @classmethod
    def read(cls, found: Document) -> StripeLine:
        parent = found["parent"] or {}
        return cls(
            text=found["description"] or "",
            amount=Money(found["amount"], found["currency"].upper()),
            starts=moment(found["period"]["start"]),
            ends=moment(found["period"]["end"]),
            recurring=parent.get("type") == "subscription_item_details",
        )


@dataclass(frozen=True)
class StripeInvoice:
    """payment_intent: what paid it, None when nothing has or when it was paid out of band."""

    id: str
    number: str
    status: str
    billing_reason: str
    customer: str
    subscription: str | None
    total: Money
    paid: Money
    due: Money
    attempts: int
    next_attempt_at: datetime | None
    lines: tuple[StripeLine, ...]
    hosted_url: str
    pdf_url: str
    issued_at: datetime
    paid_at: datetime | None
    due_at: datetime | None
    payment_intent: str | None
    livemode: bool
    metadata: dict[str, str]

    @property
    def covers(self) -> StripeLine | None:
        """The line of the month this invoice pays for, if it renews a subscription."""
        charged = (line for line in self.lines if line.recurring and line.amount.minor > 0)
        return next(charged, None)

    @classmethod
    def read(cls, found: Document) -> StripeInvoice:
        currency = found["currency"].upper()
        changes = found["status_transitions"]
        parent = (found["parent"] or {}).get("subscription_details") or {}
        return cls(
            id=found["id"],
            number=found["number"] or "",
            status=found["status"] or "draft",
            billing_reason=found["billing_reason"] or "",
            customer=id_of(found["customer"]) or "",
            subscription=id_of(parent.get("subscription")),
            total=Money(found["total"], currency),
            paid=Money(found["amount_paid"], currency),
            due=Money(found["amount_remaining"], currency),
            attempts=found["attempt_count"],
            next_attempt_at=instant(found["next_payment_attempt"]),
            lines=tuple(StripeLine.read(line) for line in found["lines"]["data"]),
            hosted_url=found["hosted_invoice_url"] or "",
            pdf_url=found["invoice_pdf"] or "",
            issued_at=moment(changes["finalized_at"] or found["created"]),
            paid_at=instant(changes["paid_at"]),
            due_at=instant(found["due_date"]),
            payment_intent=_paid_by(found),
            livemode=found["livemode"],
            metadata=(parent.get("metadata") or {}) | (found["metadata"] or {}),
        )


def _paid_by(invoice: Document) -> str | None:
    """The payment intent of the payment that succeeded (`payments` must be expanded)."""
    payments = (invoice.get("payments") or {}).get("data", [])
    paid = (entry["payment"] for entry in payments if entry["status"] == "paid")
    return next((id_of(payment.get("payment_intent")) for payment in paid), None)
