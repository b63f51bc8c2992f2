"""A customer, and the means of payment on file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.billing.objects.document import Document, id_of, moment
from webapp.money import Money


@dataclass(frozen=True)
class StripeMeans:
    """What is on file to be charged. kind: as Stripe names it ('card', 'sepa_debit',
    'us_bank_account', …); brand and expires ('MM/YYYY') of a card, bank of an account.
    """

    kind: str
    brand: str
    last4: str
    expires: str
    bank: str
    fingerprint: str

    @classmethod
    def read(cls, found: Document) -> StripeMeans:
        kind = found["type"]
        facts = found.get(kind) or {}
        expires = f"{facts['exp_month']:02}/{facts['exp_year']}" if "exp_month" in facts else ""
        return cls(
            kind=kind,
            brand=facts.get("brand") or "",
            last4=facts.get("last4") or "",
            expires=expires,
            bank=facts.get("bank_name") or facts.get("bank_code") or "",
            fingerprint=facts.get("fingerprint") or "",
        )


@dataclass(frozen=True)
class StripeCustomer:
    """deleted: gone in Stripe's dashboard; nothing else is known of it then. credit: in minor units
    of `currency`, what its next invoices take (negative: what they ask for beside)."""

    id: str
    deleted: bool
    credit: int
    currency: str
    default_card: str | None
    livemode: bool

    @classmethod
    def read(cls, found: Document) -> StripeCustomer:
        settings = found.get("invoice_settings") or {}
        return cls(
            id=found["id"],
            deleted=found.get("deleted", False),
            credit=-(found.get("balance") or 0),
            currency=(found.get("currency") or "").upper(),
            default_card=id_of(settings.get("default_payment_method")),
            livemode=found.get("livemode", False),
        )


@dataclass(frozen=True)
class StripeEntry:
    """One movement of a customer's balance. credit: what it adds to their credit (negative: takes
    of it); kind as Stripe names it, such as 'credit_note', 'applied_to_invoice', 'adjustment'."""

    id: str
    kind: str
    credit: Money
    invoice: str
    credit_note: str
    made_at: datetime
    metadata: dict[str, str]

    @classmethod
    def read(cls, found: Document) -> StripeEntry:
        return cls(
            id=found["id"],
            kind=found["type"],
            credit=Money(-found["amount"], found["currency"].upper()),
            invoice=id_of(found["invoice"]) or "",
            credit_note=id_of(found["credit_note"]) or "",
            made_at=moment(found["created"]),
            metadata=found["metadata"] or {},
        )


@dataclass(frozen=True)
class CustomerDetails:
    """What Stripe prints on invoices. company: our id of the client; country: ISO 3166 or '';
    tax_ids: (kind, value) of each."""

    company: str
    name: str
    email: str
    address: str
    postal_code: str
    country: str
    purchase_order: str
    tax_ids: tuple[tuple[str, str], ...] = ()
