"""Giving money back."""

from typing import Any

from sandbox.stripe.billing import ledger
from sandbox.stripe.billing.money import in_words
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import schedule, when_due


def refund(account: Account, charge: Document, amount: int | None, **details: Any) -> Document:
    """Refund a charge, wholly or in part; never more than is left of it."""
    wanted = _wanted(account, charge, amount)
    made = shape(
        "refund",
        amount=wanted,
        charge=charge["id"],
        created=account.time_of(charge),
        currency=charge["currency"],
        customer=charge["customer"],
        destination_details=_destination(charge),
        metadata=details.pop("metadata", {}),
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        status="succeeded" if _by_card(charge) else "pending",
        **details,
    )
    made["balance_transaction"] = _book(account, charge, made)["id"]
    account.save(made)
    total = charge["amount_refunded"] + wanted
    emit(account, "refund.created", made)
    if made["status"] == "pending":
        _arrive_later(account, charge, made)
    whole = total == charge["amount_captured"]
    change(account, "charge.refunded", charge, amount_refunded=total, refunded=whole)
    return made


def _wanted(account: Account, charge: Document, amount: int | None) -> int:
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    if _is_taken_back(account, charge):
        text = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise invalid(text, code="charge_disputed")
    if left == 0:
        text = f"Charge {charge['id']} has already been refunded."
        raise invalid(text, code="charge_already_refunded")
    wanted = left if amount is None else amount
    _check(wanted, left, charge["currency"])
    return wanted


def _by_card(charge: Document) -> bool:
    return bool(charge["payment_method_details"]["type"] == "card")


def _destination(charge: Document) -> dict[str, Any]:
    if _by_card(charge):
        return {"type": "card", "card": {"type": "refund", "reference_status": "pending"}}
    return {"type": f"{'us' if charge['currency'] == 'usd' else 'eu'}_bank_transfer"}


def _arrive_later(account: Account, charge: Document, made: Document) -> None:
    """To a bank account money goes back as it came: in days."""
    timeline = account.timeline_of(charge)
    at = ledger.settles_at(made["created"], account.rules.debit_days)
    schedule(account, "refund.arrive", made["id"], at, timeline)


@when_due("refund.arrive")
def arrive(account: Account, identifier: str) -> None:
    made = account.get("refund", identifier)
    if made["status"] == "pending":
        change(account, "refund.updated", made, status="succeeded")


def _is_taken_back(account: Account, charge: Document) -> bool:
    """Whether the payer's bank has the money, or may still keep it."""
    return any(one["status"] != "won" for one in account.find("dispute", charge=charge["id"]))


def _book(account: Account, charge: Document, made: Document) -> Document:
    """Stripe keeps the fee of a payment that is given back."""
    card = _by_card(charge)
    moved = ledger.Movement(
        kind="refund" if card else "payment_refund",
        category="refund",
        amount=-made["amount"],
        currency=made["currency"],
        source=made["id"],
        description=f"REFUND FOR {'CHARGE' if card else 'PAYMENT'}",
        source_type=ledger.CARD if card else ledger.BANK,
        timeline=account.timeline_of(charge),
    )
    return ledger.book(account, moved)


def _check(wanted: int, left: int, currency: str) -> None:
    if wanted < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if wanted > left:
        asked, rest = in_words(wanted, currency), in_words(left, currency)
        raise invalid(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})",
            "amount",
        )


def charge_of(account: Account, params: dict[str, Any]) -> Document:
    """The charge a refund is for, named by itself or by its PaymentIntent."""
    if "charge" in params:
        return account.get("charge", params["charge"], "charge")
    if "payment_intent" not in params:
        raise invalid("You must pass charge or payment_intent.", "charge", "parameter_missing")
    intent = account.get("payment_intent", params["payment_intent"], "payment_intent")
    if not intent["latest_charge"] or intent["status"] != "succeeded":
        raise invalid(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        )
    return account.get("charge", intent["latest_charge"])
