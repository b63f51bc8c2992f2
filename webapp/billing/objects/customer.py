"""A customer, and the means of payment on file."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.objects.document import Document, id_of


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
class CustomerDetails:
    """What Stripe prints on invoices. company: our id of the client; country: ISO 3166 or '';
    tax_ids: (kind, value) of each."""

    company: str
    name: str
    email: str
    address: str
    country: str
    purchase_order: str
    tax_ids: tuple[tuple[str, str], ...] = ()
