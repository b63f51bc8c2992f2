"""Cards on file: made, attached, detached; and which one an invoice is charged to."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.stripe.billing import banks
from sandbox.stripe.billing.banks import BankEntry
from sandbox.stripe.billing.cards import TOKENS, card_for, decline_of
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.errors import CardDeclined, invalid, missing
from sandbox.stripe.core.events import change, emit


@dataclass(frozen=True)
class CardEntry:
    """A card as typed into a page: digits only, month and four-digit year."""

    number: str
    exp_month: int
    exp_year: int
    cvc: str = ""
    name: str | None = None
    email: str | None = None
    country: str | None = None


def create(account: Account, entry: CardEntry | BankEntry, customer: str | None = None) -> Document:
    """A payment method that is not attached yet."""
    if isinstance(entry, BankEntry):
        return banks.create(account, entry, customer)
    card = card_for(entry.number)
    details = _card(entry, card.brand, card.funding)
    method = banks.drawn_up(account, entry, customer, "card", details)
    private(method).update(behaviour=card.behaviour, after=card.after)
    return account.save(method)


def _card(entry: CardEntry, brand: str, funding: str) -> dict[str, Any]:
    return {
        "brand": brand,
        "checks": {"cvc_check": "pass" if entry.cvc else None},
        "country": "US",
        "display_brand": {"amex": "american_express"}.get(brand, brand),
        "exp_month": entry.exp_month,
        "exp_year": entry.exp_year,
        "fingerprint": hashlib.sha256(entry.number.encode()).hexdigest()[:16],
        "funding": funding,
        "last4": entry.number[-4:],
        "networks": {"available": [brand]},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
    }


def from_token(account: Account, token: str, customer: str) -> Document:
    """A fresh payment method from a test token such as ``pm_card_visa``."""
    if token in banks.TOKENS:
        return banks.from_token(account, token, customer)
    if token not in TOKENS:
        raise missing("payment_method", token, "payment_method")
    year = datetime.fromtimestamp(account.customer_time(customer), UTC).year + 3
    return create(account, CardEntry(TOKENS[token], 12, year, "123"), customer)


def attach(account: Account, method: Document, customer: str) -> Document:
    """Put a card on a customer's file; a card the issuer refuses is not put there."""
    if method["customer"] == customer:
        return method
    if method["customer"]:
        raise invalid("The payment method is attached to another customer already.", "customer")
    refusal = decline_of(private(method)["behaviour"], charging=False)
    if refusal:
        raise CardDeclined(
            402, "card_error", refusal.message, code=refusal.code, decline_code=refusal.decline_code
        )
    method["customer"] = customer
    account.save(method)
    emit(account, "payment_method.attached", method)
    return method


def detach(account: Account, method: Document) -> Document:
    """Take a card off the file, and off wherever it was the default."""
    if not method["customer"]:
        raise invalid("The payment method is not attached to a customer.", "payment_method")
    customer = account.get("customer", method["customer"])
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        set_customer_default(account, customer, None)
    for subscription in account.find("subscription", default_payment_method=method["id"]):
        change(account, "customer.subscription.updated", subscription, default_payment_method=None)
    change(account, None, method, customer=None)
    emit(account, "payment_method.detached", method, {"customer": customer["id"]})
    return method


def set_customer_default(account: Account, customer: Document, method: str | None) -> None:
    settings = customer["invoice_settings"] | {"default_payment_method": method}
    change(account, "customer.updated", customer, invoice_settings=settings)


def default_for(
    account: Account, invoice: Document, subscription: Document | None
) -> Document | None:
    """The invoice's own card, else the subscription's, else the customer's."""
    customer = account.get("customer", invoice["customer"])
    candidates = (
        invoice["default_payment_method"],
        (subscription or {}).get("default_payment_method"),
        (customer.get("invoice_settings") or {}).get("default_payment_method"),
    )
    chosen = next((c for c in candidates if c), None)
    return account.get("payment_method", chosen) if chosen else None


def on_file(account: Account, customer: str) -> list[Document]:
    return account.find("payment_method", customer=customer)
