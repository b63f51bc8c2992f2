"""A charge, and how Stripe booked it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.billing.objects.document import Document, id_of, moment
from webapp.money import Money


@dataclass(frozen=True)
class StripeBooking:
    """A balance transaction: what Stripe kept, and what came onto our balance."""

    fee: Money
    net: Money

    @classmethod
    def read(cls, found: Document) -> StripeBooking:
        currency = found["currency"].upper()
        return cls(Money(found["fee"], currency), Money(found["net"], currency))


@dataclass(frozen=True)
class StripeCharge:
    """booked: None until Stripe has entered it on our balance (it may take a moment, or days)."""

    id: str
    payment_intent: str | None
    status: str
    amount: Money
    refunded: Money
    disputed: bool
    method: str
    last4: str
    made_at: datetime
    booked: StripeBooking | None
    livemode: bool

    @classmethod
    def read(cls, found: Document) -> StripeCharge:
        """`balance_transaction` must be expanded."""
        currency = found["currency"].upper()
        paid_with = found["payment_method_details"] or {}
        kind = paid_with.get("type", "")
        booked = found["balance_transaction"]
        return cls(
            id=found["id"],
            payment_intent=id_of(found["payment_intent"]),
            status=found["status"],
            amount=Money(found["amount_captured"] or found["amount"], currency),
            refunded=Money(found["amount_refunded"], currency),
            disputed=found["disputed"],
            method=kind,
            last4=(paid_with.get(kind) or {}).get("last4") or "",
            made_at=moment(found["created"]),
            booked=StripeBooking.read(booked) if isinstance(booked, dict) else None,
            livemode=found["livemode"],
        )
