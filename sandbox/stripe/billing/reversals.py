"""Calling back a transfer, wholly or in part.

Source: https://docs.stripe.com/connect/separate-charges-and-transfers#reverse-transfers and the
TransferReversal object: it is possible only if the connected account's balance covers it.
"""

from dataclasses import replace
from typing import Any

from sandbox.stripe.billing import accounts, ledger
from sandbox.stripe.billing.money import in_words
from sandbox.stripe.billing.transfers import insufficient
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change
from sandbox.stripe.core.ids import random_text

_EMBEDDED = 10
"""Reversals shown within the transfer itself."""


def reverse(account: Account, transfer: Document, params: dict[str, Any]) -> Document:
    """Call back a transfer or a part of it, if the connected account still has as much."""
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = params.get("amount", left)
    _check_reversal(account, transfer, amount, left)
    accounts.alive(account, transfer["destination"])
    made = _reversal(account, transfer, amount, params)
    reversals = transfer["reversals"] | {"data": [made, *transfer["reversals"]["data"]][:_EMBEDDED]}
    total = transfer["amount_reversed"] + amount
    change(
        account,
        "transfer.reversed",
        transfer,
        amount_reversed=total,
        reversals=reversals,
        reversed=total == transfer["amount"],
    )
    return made


def _check_reversal(account: Account, transfer: Document, amount: int, left: int) -> None:
    currency = transfer["currency"]
    if left == 0:
        raise invalid(f"Transfer {transfer['id']} has already been fully reversed.")
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > left:
        raise invalid(
            f"Transfer reversal amount ({in_words(amount, currency)}) is greater than unreversed "
            f"amount on transfer ({in_words(left, currency)})",
            "amount",
        )
    if amount > ledger.held(account, currency, transfer["destination"]):
        raise insufficient(
            f"The account {transfer['destination']} does not have enough funds to reverse "
            f"{in_words(amount, currency)} of this transfer."
        )


def _reversal(
    account: Account, transfer: Document, amount: int, params: dict[str, Any]
) -> Document:
    made = shape(
        "transfer_reversal",
        amount=amount,
        created=account.time_of(transfer),
        currency=transfer["currency"],
        destination_payment_refund=f"pyr_{random_text(24)}",
        metadata=params.get("metadata", {}),
        transfer=transfer["id"],
    )
    made["balance_transaction"] = _move(account, transfer, made)["id"]
    return account.save(made)


def _move(account: Account, transfer: Document, made: Document) -> Document:
    """Book it on both balances, of pending money while it is; the platform's transaction."""
    booked = account.get("balance_transaction", transfer["balance_transaction"])
    back = ledger.Movement(
        kind="transfer_refund",
        category="transfer_reversal",
        amount=made["amount"],
        currency=made["currency"],
        source=made["id"],
        available_on=max(made["created"], booked["available_on"]),
        timeline=account.timeline_of(transfer),
        source_type=transfer["source_type"],
    )
    gone = replace(
        back,
        kind="payment_refund",
        category="refund",
        amount=-made["amount"],
        source=made["destination_payment_refund"],
        holder=transfer["destination"],
    )
    ledger.book(account, gone)
    return ledger.book(account, back)
