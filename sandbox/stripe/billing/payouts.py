"""Payouts: from a balance to the bank, by hand or, for connected accounts, each day by itself.

Source: https://docs.stripe.com/payouts and https://docs.stripe.com/connect/manage-payout-schedule.
A connected account is paid out in the night after its money became available, unless its schedule
is ``manual``; the money arrives the day after.
"""

from typing import Any

from sandbox.stripe.billing import ledger
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import schedule, scheduled, when_due

DAY = 86400
_NIGHT = 6 * 3600
"""Seconds after midnight UTC at which what has become available is paid out."""


def plan(account: Account, connected: Document, available_on: int) -> None:
    """Have a connected account paid out once this money is there."""
    if connected["settings"]["payouts"]["schedule"]["interval"] == "manual":
        return
    at = available_on - available_on % DAY + _NIGHT
    at += DAY if at < available_on else 0
    before = scheduled(account, "account.pay_out", connected["id"])
    if before is None or at < before:
        schedule(account, "account.pay_out", connected["id"], max(at, account.now()))


@when_due("account.pay_out")
def pay_out_when_due(account: Account, identifier: str) -> None:
    connected = account.store.load(identifier)
    if connected is None or connected.get("deleted") or not connected["payouts_enabled"]:
        return
    balance = ledger.balance(account, identifier)
    for entry in balance["available"]:
        if entry["amount"] > 0:
            make(account, identifier, entry["amount"], entry["currency"], automatic=True)
    coming = [
        one["available_on"]
        for one in ledger.transactions(account, identifier)
        if one["status"] == "pending" and one["net"] > 0
    ]
    if coming:
        plan(account, connected, min(coming))


def empty(account: Account, connected: str) -> list[Document]:
    """Pay out all that a connected account holds, pending money too: a switch, not Stripe's way."""
    balance = ledger.balance(account, connected)
    sums: dict[str, int] = {}
    for entry in (*balance["available"], *balance["pending"]):
        sums[entry["currency"]] = sums.get(entry["currency"], 0) + entry["amount"]
    return [
        make(account, connected, amount, currency, automatic=True)
        for currency, amount in sums.items()
        if amount > 0
    ]


def make(
    account: Account, holder: str, amount: int, currency: str, *, automatic: bool, **given: Any
) -> Document:
    """Take an amount off a balance, on its way to the bank."""
    values = _fields(account, holder, automatic) | {"amount": amount, "currency": currency} | given
    payout = shape("payout", **values)
    payout["balance_transaction"] = _taken_off(account, payout, holder)["id"]
    private(payout)["holder"] = holder
    account.save(payout)
    emit(account, "payout.created", payout)
    schedule(account, "payout.arrive", payout["id"], payout["arrival_date"])
    return payout


def _fields(account: Account, holder: str, automatic: bool) -> dict[str, Any]:
    now = account.now()
    return {
        "arrival_date": now - now % DAY + DAY,
        "automatic": automatic,
        "created": now,
        "destination": _bank(account, holder),
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "source_type": "card",
        "status": "pending",
        "type": "bank_account",
    }


def _taken_off(account: Account, payout: Document, holder: str) -> Document:
    moved = ledger.Movement(
        kind="payout",
        amount=-payout["amount"],
        currency=payout["currency"],
        source=payout["id"],
        description="STRIPE PAYOUT",
        holder=holder,
    )
    return ledger.book(account, moved)


def _bank(account: Account, holder: str) -> str | None:
    connected = account.store.load(holder) if holder else None
    banks = connected["external_accounts"]["data"] if connected else []
    return str(banks[0]["id"]) if banks else None


@when_due("payout.arrive")
def arrive(account: Account, identifier: str) -> None:
    payout = account.get("payout", identifier)
    if payout["status"] == "pending":
        change(account, "payout.updated", payout, status="paid")
        emit(account, "payout.paid", payout)


def ask(account: Account, holder: str, params: dict[str, Any]) -> Document:
    """``payouts.create``: no more than is available."""
    currency = params["currency"].lower()
    if params["amount"] > ledger.available(account, currency, holder):
        text = "You have insufficient funds in your Stripe account for this payout."
        raise invalid(text, code="balance_insufficient")
    given = {k: params[k] for k in ("description", "metadata") if k in params}
    return make(account, holder, params["amount"], currency, automatic=False, **given)
