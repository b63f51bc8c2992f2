"""An invoice and its lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.billing.objects.document import Document, id_of, instant, moment
from webapp.billing.objects.product import kind_of
from webapp.money import Money

COLLECTIONS = {"charge_automatically": "card", "send_invoice": "invoice"}
# What must be asked for by name: https://docs.stripe.com/api/expanding_objects
EXPANDED = ["payments.data.payment.payment_intent", "amount_paid_off_stripe"]


@dataclass(frozen=True)
class StripeLine:
    """One line of an invoice; recurring lines are the subscription's own, for [starts, ends).

    amount is before discount and tax. kind: one of our products' kinds, '' for what is none of
    ours; item: our id of an invoice item.
    """

    id: str
    text: str
    amount: Money
    discount: Money
    tax: Money
    kind: str
    item: str
    starts: datetime
    ends: datetime
    recurring: bool
    product: str | None

    @classmethod
    def read(cls, found: Document) -> StripeLine:
        parent, named = found["parent"] or {}, found["metadata"] or {}
        currency = found["currency"].upper()
        recurring = parent.get("type") == "subscription_item_details"
        return cls(
            id=found["id"],
            text=found["description"] or "",
            amount=Money(found["amount"], currency),
            discount=Money(_added(found.get("discount_amounts")), currency),
            tax=Money(_added(found.get("taxes")), currency),
            kind=_kind(found, named, recurring),
            item=named.get("item", ""),
            starts=moment(found["period"]["start"]),
            ends=moment(found["period"]["end"]),
            recurring=recurring,
            product=id_of(((found["pricing"] or {}).get("price_details") or {}).get("product")),
        )


@dataclass(frozen=True)
class StripeInvoice:
    """payment_intent: what paid it, None when nothing has or when it was paid out of band.

    total is subtotal less discount plus tax; balance_applied: what of it the customer's balance
    took over (negative: what was owed there is asked for with it). advances: whether Stripe goes on
    collecting it by itself. collection: 'card' (whatever
    is on file is charged) or 'invoice' (sent, and due by a date). Of the payment under way:
    processing (a bank debit takes days), needs_action (the payer's bank wants them to confirm),
    failure (why the last try failed).
    """

    id: str
    number: str
    status: str
    billing_reason: str
    customer: str
    subscription: str | None
    collection: str
    subtotal: Money
    discount: Money
    tax: Money
    reverse_charge: bool
    total: Money
    balance_applied: Money
    paid: Money
    due: Money
    attempts: int
    next_attempt_at: datetime | None
    advances: bool
    lines: tuple[StripeLine, ...]
    hosted_url: str
    pdf_url: str
    issued_at: datetime
    paid_at: datetime | None
    voided_at: datetime | None
    written_off_at: datetime | None
    due_at: datetime | None
    payment_intent: str | None
    out_of_band: bool
    processing: bool
    needs_action: bool
    failure: str
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
        changes, under_way = found["status_transitions"], _under_way(found)
        parent = (found["parent"] or {}).get("subscription_details") or {}
        return cls(
            id=found["id"],
            number=found["number"] or "",
            status=found["status"] or "draft",
            billing_reason=found["billing_reason"] or "",
            customer=id_of(found["customer"]) or "",
            subscription=id_of(parent.get("subscription")),
            collection=COLLECTIONS[found["collection_method"]],
            subtotal=Money(found["subtotal"], currency),
            discount=Money(_added(found.get("total_discount_amounts")), currency),
            tax=Money(_added(found.get("total_taxes")), currency),
            reverse_charge=_reverse_charged(found),
            total=Money(found["total"], currency),
            balance_applied=Money(_from_balance(found), currency),
            paid=Money(found["amount_paid"], currency),
            due=Money(found["amount_remaining"], currency),
            attempts=found["attempt_count"],
            next_attempt_at=instant(found["next_payment_attempt"]),
            advances=bool(found["auto_advance"]),
            lines=tuple(StripeLine.read(line) for line in found["lines"]["data"]),
            hosted_url=found["hosted_invoice_url"] or "",
            pdf_url=found["invoice_pdf"] or "",
            issued_at=moment(changes["finalized_at"] or found["created"]),
            paid_at=instant(changes["paid_at"]),
            voided_at=instant(changes["voided_at"]),
            written_off_at=instant(changes["marked_uncollectible_at"]),
            due_at=instant(found["due_date"]),
            payment_intent=_paid_by(found),
            out_of_band=bool(found.get("amount_paid_off_stripe")),
            processing=under_way.get("status") == "processing",
            needs_action=under_way.get("status") == "requires_action",
            failure=(under_way.get("last_payment_error") or {}).get("message") or "",
            livemode=found["livemode"],
            metadata=(parent.get("metadata") or {}) | (found["metadata"] or {}),
        )


def _from_balance(invoice: Document) -> int:
    """https://docs.stripe.com/billing/customer/balance: credit stands there below nothing."""
    ending = invoice.get("ending_balance")
    return 0 if ending is None else ending - (invoice.get("starting_balance") or 0)


def _paid_by(invoice: Document) -> str | None:
    """The payment intent of the payment that succeeded (`payments` must be expanded)."""
    payments = (invoice.get("payments") or {}).get("data", [])
    paid = (entry["payment"] for entry in payments if entry["status"] == "paid")
    return next((id_of(payment.get("payment_intent")) for payment in paid), None)


def _under_way(invoice: Document) -> Document:
    """The payment intent of the payment that is open, where it was expanded."""
    payments = (invoice.get("payments") or {}).get("data", [])
    waiting = (entry["payment"] for entry in payments if entry["status"] == "open")
    intents = (payment.get("payment_intent") for payment in waiting)
    return next((intent for intent in intents if isinstance(intent, dict)), {})


def _added(amounts: list[Document] | None) -> int:
    """Taxes or discounts; a tax that prices include is part of them already."""
    counted = (one for one in amounts or [] if one.get("tax_behavior") != "inclusive")
    return sum(one["amount"] for one in counted)


def _reverse_charged(invoice: Document) -> bool:
    """The client owes the tax themselves: https://docs.stripe.com/tax/zero-tax#reverse-charges"""
    taxes = invoice.get("total_taxes") or []
    told = any(one["taxability_reason"] == "reverse_charge" for one in taxes)
    return told or invoice.get("customer_tax_exempt") == "reverse"


def _kind(line: Document, named: dict[str, str], recurring: bool) -> str:
    price = (line["pricing"] or {}).get("price_details") or {}
    known = named.get("kind") or kind_of(id_of(price.get("product")))
    return known or ("retainer" if recurring else "")
