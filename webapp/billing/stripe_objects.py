"""What we read of Stripe's objects: frozen facts, so that nothing of the SDK leaves the gateway.

Each `read` takes the object as a plain dictionary in the shape of API 2026-10-28: periods stand on
subscription items, an invoice names its subscription under `parent` and its payments in a list.
https://docs.stripe.com/api
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from webapp.money import Money

Document = dict[str, Any]
# No id of Stripe's is longer: https://docs.stripe.com/upgrades
LONGEST_NAME = 255


def instant(seconds: int | None) -> datetime | None:
    """From Unix time; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def id_of(reference: Any) -> str | None:
    """The id behind a reference, whether Stripe expanded it or not."""
    if isinstance(reference, dict):
        return str(reference["id"])
    return reference or None


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
    expires_at: datetime
    livemode: bool
    metadata: dict[str, str]

    @property
    def paid(self) -> bool:
        """Complete and settled; a bank debit may be complete for days before it is paid."""
        return self.status == "complete" and self.payment_status != "unpaid"

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
            expires_at=moment(found["expires_at"]),
            livemode=found["livemode"],
            metadata=found["metadata"] or {},
        )


@dataclass(frozen=True)
class StripeSubscription:
    """renews_at: the end of the present period; price: what each renewal costs before extras."""

    id: str
    status: str
    customer: str
    default_card: str | None
    renews_at: datetime
    price: Money
    cancel_at_period_end: bool
    ended_at: datetime | None
    livemode: bool
    metadata: dict[str, str]

    @property
    def over(self) -> bool:
        return self.status in {"canceled", "incomplete_expired"}

    @classmethod
    def read(cls, found: Document) -> StripeSubscription:
        items = found["items"]["data"]
        minor = sum((item["price"]["unit_amount"] or 0) * item["quantity"] for item in items)
        return cls(
            id=found["id"],
            status=found["status"],
            customer=str(id_of(found["customer"])),
            default_card=id_of(found["default_payment_method"]),
            renews_at=moment(items[0]["current_period_end"]),
            price=Money(minor, found["currency"].upper()),
            cancel_at_period_end=found["cancel_at_period_end"],
            ended_at=instant(found["ended_at"]),
            livemode=found["livemode"],
            metadata=found["metadata"] or {},
        )


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


@dataclass(frozen=True)
class StripeRefund:
    id: str
    status: str
    amount: Money
    payment_intent: str | None
    metadata: dict[str, str]

    @classmethod
    def read(cls, found: Document) -> StripeRefund:
        return cls(
            id=found["id"],
            status=found["status"] or "pending",
            amount=Money(found["amount"], found["currency"].upper()),
            payment_intent=id_of(found["payment_intent"]),
            metadata=found["metadata"] or {},
        )


@dataclass(frozen=True)
class StripeCard:
    """The card on file; expires as 'MM/YYYY'. All empty for other means of payment."""

    brand: str
    last4: str
    expires: str

    @classmethod
    def read(cls, found: Document) -> StripeCard:
        card = found.get("card")
        if not card:
            return cls("", "", "")
        return cls(card["brand"], card["last4"], f"{card['exp_month']:02}/{card['exp_year']}")


@dataclass(frozen=True)
class StripeCustomer:
    """deleted: gone in Stripe's dashboard; nothing else is known of it then."""

    id: str
    deleted: bool
    default_card: str | None
    livemode: bool

    @classmethod
    def read(cls, found: Document) -> StripeCustomer:
        settings = found.get("invoice_settings") or {}
        return cls(
            id=found["id"],
            deleted=found.get("deleted", False),
            default_card=id_of(settings.get("default_payment_method")),
            livemode=found.get("livemode", False),
        )


@dataclass(frozen=True)
class SignedEvent:
    """An event as it was sent: the payload says what it is about and is not trusted further."""

    id: str
    type: str
    api_version: str
    livemode: bool
    payload: Document

    @property
    def subject(self) -> Document:
        """The object the event is about, as it was when the event was made."""
        found: Document = self.payload["data"]["object"]
        return found

    @classmethod
    def read(cls, payload: Document) -> SignedEvent:
        """Raises KeyError, TypeError or ValueError for what has not the shape of an event."""
        if not _has_shape(payload):
            raise ValueError("no event of Stripe's")
        return cls(
            id=payload["id"],
            type=payload["type"],
            api_version=payload["api_version"] or "",
            livemode=payload["livemode"],
            payload=payload,
        )


def _has_shape(payload: Document) -> bool:
    """A balance, or an invoice that is only foreseen, has no id; what has one, has it as text."""
    about = payload["data"]["object"]
    return (
        _is_name(payload["id"])
        and _is_name(payload["type"])
        and isinstance(payload["livemode"], bool)
        and isinstance(payload["api_version"], str | None)
        and isinstance(about, dict)
        and (about.get("id") is None or _is_name(about["id"]))
    )


def _is_name(found: object) -> bool:
    return isinstance(found, str) and 0 < len(found) <= LONGEST_NAME


@dataclass(frozen=True)
class CustomerDetails:
    """What Stripe prints on invoices. company: our id of the client; country: ISO 3166 or ''."""

    company: str
    name: str
    email: str
    address: str
    country: str
    purchase_order: str
