"""Charges: the record of one attempt to take money, and what it leaves on the balance.

Source: https://docs.stripe.com/payments/payment-intents/asynchronous-capture: with the default
capture method a charge has no balance transaction yet when it is reported to have succeeded; a
``charge.updated`` brings it.
"""

from typing import Any

from sandbox.stripe.billing import ledger
from sandbox.stripe.billing.cards import BYPASSES_PENDING, DISPUTED, Decline
from sandbox.stripe.billing.fees import payment_fee
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate, private, shape
from sandbox.stripe.core.events import change
from sandbox.stripe.core.ids import random_text
from sandbox.stripe.core.schedule import schedule


def settle(account: Account, charge: Document, method: Document) -> None:
    """Book the money of a charge that succeeded, less Stripe's fee."""
    timeline, kind = account.timeline_of(charge), method["type"]
    now = account.now(timeline)
    at_once = kind != "card" or private(method).get("after") == BYPASSES_PENDING
    transaction = ledger.book(
        account,
        ledger.Movement(
            kind="charge" if kind == "card" else "payment",
            category="charge",
            amount=charge["amount"],
            currency=charge["currency"],
            source=charge["id"],
            fee=payment_fee(kind, charge["amount"], charge["currency"]),
            description=charge["description"],
            source_type=ledger.CARD if kind == "card" else ledger.BANK,
            available_on=now if at_once else ledger.settles_at(now),
            timeline=timeline,
        ),
    )
    change(account, "charge.updated", charge, balance_transaction=transaction["id"])
    if private(method).get("after") == DISPUTED:
        schedule(account, "dispute.open", charge["id"], now, timeline)


def record(
    account: Account, intent: Document, method: Document, refusal: Decline | None
) -> Document:
    taken = refusal is None
    prefix = "ch" if method["type"] == "card" else "py"
    charge = shape(
        "charge",
        id=f"{prefix}_{random_text(24)}",
        amount=intent["amount"],
        amount_captured=intent["amount"] if taken else 0,
        amount_refunded=0,
        billing_details=duplicate(method["billing_details"]),
        calculated_statement_descriptor="STAND-IN",
        captured=taken,
        created=account.time_of(intent),
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_code=refusal.code if refusal else None,
        failure_message=refusal.message if refusal else None,
        fraud_details={},
        livemode=False,
        metadata=dict(intent["metadata"]),
        outcome=outcome(refusal),
        paid=taken,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(method, intent["amount"]),
        receipt_email=intent["receipt_email"],
        refunded=False,
        status="succeeded" if taken else "failed",
    )
    return account.save(charge)


def outcome(refusal: Decline | None) -> dict[str, Any]:
    if refusal is None:
        return {
            "network_status": "approved_by_network",
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        "network_status": "declined_by_network",
        "reason": refusal.decline_code or refusal.code,
        "risk_level": "normal",
        "seller_message": "The bank declined the payment.",
        "type": "issuer_declined",
    }


def _details(method: Document, amount: int) -> dict[str, Any]:
    kind = method["type"]
    if kind != "card":
        return {"type": kind, kind: _bank_details(method[kind])}
    card = method["card"]
    same = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    shown = {name: card[name] for name in same}
    return {
        "type": "card",
        "card": shown
        | {"amount_authorized": amount, "network": card["brand"], "checks": card["checks"]},
    }


def _bank_details(bank: Document) -> dict[str, Any]:
    same = ("account_holder_type", "account_type", "bank_code", "bank_name", "branch_code")
    shown = (*same, "country", "fingerprint", "last4", "routing_number")
    return {name: bank[name] for name in shown if name in bank}
