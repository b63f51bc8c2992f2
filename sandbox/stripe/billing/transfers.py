"""Money sent on to connected accounts and called back.

Source: https://docs.stripe.com/connect/separate-charges-and-transfers. A transfer with a
``source_transaction`` waits for that payment's money and may come to no more than the payment, all
its transfers together; one without it is taken from what is available.
"""

from dataclasses import replace
from typing import Any

from sandbox.stripe.billing import ledger, payouts
from sandbox.stripe.billing.money import in_words
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, listing, private, shape
from sandbox.stripe.core.errors import ApiError, invalid
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.ids import new_id, random_text


def create(account: Account, params: dict[str, Any]) -> Document:
    currency = params["currency"].lower()
    amount = _amount(params)
    destination = _destination(account, params["destination"])
    source = _source(account, params.get("source_transaction"), amount, currency)
    if source is None:
        _check_funds(account, amount, currency)
    return _send(account, params, destination, source, amount, currency)


def _amount(params: dict[str, Any]) -> int:
    if "amount" not in params:
        raise invalid("Missing required param: amount.", "amount", "parameter_missing")
    if params["amount"] < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    return int(params["amount"])


def _destination(account: Account, identifier: str) -> Document:
    found = account.store.load(identifier)
    if found is None or found["object"] != "account" or found.get("deleted"):
        raise invalid(f"No such destination: '{identifier}'", "destination", "resource_missing")
    if found["capabilities"].get("transfers") != "active":
        raise invalid(
            "Your destination account needs to have at least one of the following capabilities "
            "enabled: transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    return found


def _source(
    account: Account, identifier: str | None, amount: int, currency: str
) -> Document | None:
    if identifier is None:
        return None
    charge = account.get("charge", identifier, "source_transaction")
    if charge["status"] == "failed":
        raise invalid("A failed payment cannot be the source of a transfer.", "source_transaction")
    if charge["currency"] != currency:
        text = (
            f"The currency of source_transaction's balance transaction ({charge['currency']}) "
            f"must be the same as the transfer currency ({currency})"
        )
        raise invalid(text, "currency")
    before = account.find("transfer", source_transaction=identifier)
    sent = sum(one["amount"] - one["amount_reversed"] for one in before)
    if sent + amount > charge["amount"]:
        raise invalid(
            "Transfers using this transaction as a source must not exceed the source amount of "
            f"{in_words(charge['amount'], currency)}. (There are already transfers using this "
            f"source, totaling {in_words(sent, currency)}.)",
            "amount",
        )
    return charge


def _check_funds(account: Account, amount: int, currency: str) -> None:
    if amount > ledger.available(account, currency):
        raise insufficient("You have insufficient available funds in your Stripe account.")


def insufficient(text: str) -> ApiError:
    return invalid(text, code="balance_insufficient")


def _send(
    account: Account,
    params: dict[str, Any],
    destination: Document,
    source: Document | None,
    amount: int,
    currency: str,
) -> Document:
    identifier = new_id("transfer")
    made = shape(
        "transfer",
        id=identifier,
        amount=amount,
        amount_reversed=0,
        created=account.time_of(source or {}),
        currency=currency,
        description=params.get("description"),
        destination=destination["id"],
        destination_payment=f"py_{random_text(24)}",
        livemode=False,
        metadata=params.get("metadata", {}),
        reversals=listing([], f"/v1/transfers/{identifier}/reversals"),
        reversed=False,
        source_transaction=source["id"] if source else None,
        source_type=ledger.source_type_of(account, source),
        transfer_group=_group(account, params.get("transfer_group"), source),
    )
    private(made)["timeline"] = account.timeline_of(source or {})
    made["balance_transaction"] = _move(account, made, source)["id"]
    account.save(made)
    payouts.plan(account, destination, _available_on(account, source, made["created"]))
    emit(account, "transfer.created", made)
    return made


def _move(account: Account, transfer: Document, source: Document | None) -> Document:
    """Book it on both balances; returns the platform's transaction."""
    out = ledger.Movement(
        kind="transfer",
        amount=-transfer["amount"],
        currency=transfer["currency"],
        source=transfer["id"],
        description=transfer["description"],
        available_on=_available_on(account, source, transfer["created"]),
        timeline=account.timeline_of(transfer),
        source_type=transfer["source_type"],
    )
    received = replace(
        out,
        kind="payment",
        category="charge",
        amount=transfer["amount"],
        source=transfer["destination_payment"],
        holder=transfer["destination"],
    )
    ledger.book(account, received)
    return ledger.book(account, out)


def _available_on(account: Account, source: Document | None, now: int) -> int:
    """When the money of the payment behind it is there; a bank debit under way has no date yet."""
    if source is None:
        return now
    booked = account.store.load(source["balance_transaction"] or "")
    return max(now, booked["available_on"]) if booked else ledger.settles_at(now)


def _group(account: Account, wanted: str | None, source: Document | None) -> str | None:
    """The transfer's group; a payment that has none yet gets one it shares with its transfers."""
    if source is None:
        return wanted
    if not source["transfer_group"]:
        made = wanted or f"group_{source['payment_intent'] or source['id']}"
        change(account, None, source, transfer_group=made)
    return wanted or str(source["transfer_group"])
