"""A customer, and the means of payment on file."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.billing.objects.document import Document, id_of


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
class CustomerDetails:
    """What Stripe prints on invoices. company: our id of the client; country: ISO 3166 or ''."""

    company: str
    name: str
    email: str
    address: str
    country: str
    purchase_order: str
