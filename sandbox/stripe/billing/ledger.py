"""Balances: every movement of money is one balance transaction, and a balance is their sum.

Source: Stripe's pages on balances and settlement time. Money is pending until it is available: at
midnight UTC two working days after a card payment. ``_private`` says whose balance a transaction is
on (``holder``: the platform's is ``""``, else a connected account's id) and on which timeline it
becomes available.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.stripe.core.account import MAIN, Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.expand import presents

PLATFORM = ""
CARD, BANK = "card", "bank_account"
WORKING_DAYS = 2


@dataclass(frozen=True)
class Movement:
    """Money that comes (or, negative, goes): ``kind`` is a balance transaction's ``type``."""

    kind: str
    amount: int
    currency: str
    source: str
    fee: int = 0
    fee_text: str = "Stripe processing fees"
    category: str | None = None
    """The ``reporting_category``, where it is not the kind."""
    description: str | None = None
    holder: str = PLATFORM
    source_type: str = CARD
    available_on: int | None = None
    """Unix seconds; at once when absent."""
    timeline: str = MAIN


def book(account: Account, moved: Movement) -> Document:
    now = account.now(moved.timeline)
    transaction = shape(
        "balance_transaction",
        amount=moved.amount,
        available_on=now if moved.available_on is None else moved.available_on,
        balance_type="payments",
        created=now,
        currency=moved.currency,
        description=moved.description,
        fee=moved.fee,
        fee_details=_fee_details(moved),
        net=moved.amount - moved.fee,
        reporting_category=moved.category or moved.kind,
        source=moved.source,
        status="pending",
        type=moved.kind,
    )
    hidden = {"holder": moved.holder, "source_type": moved.source_type, "timeline": moved.timeline}
    private(transaction).update(hidden)
    return account.save(transaction)


def _fee_details(moved: Movement) -> list[dict[str, Any]]:
    if not moved.fee:
        return []
    return [
        {
            "amount": moved.fee,
            "application": None,
            "currency": moved.currency,
            "description": moved.fee_text,
            "type": "stripe_fee",
        }
    ]


def settles_at(at: int, working_days: int = WORKING_DAYS) -> int:
    """Midnight UTC so many working days after an instant."""
    day = datetime.fromtimestamp(at, UTC).date()
    while working_days:
        day += timedelta(days=1)
        working_days -= day.weekday() < 5
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


@presents("balance_transaction")
def as_of_now(account: Account, transaction: Document) -> Document:
    """A copy whose status says whether its money is available by now."""
    timeline = private(transaction)["timeline"]
    if timeline != MAIN and account.store.load(timeline) is None:
        timeline = MAIN  # its test clock has been deleted; the money has not
    here = account.now(timeline) >= transaction["available_on"]
    return transaction | {"status": "available" if here else "pending"}


def transactions(account: Account, holder: str = PLATFORM) -> list[Document]:
    """Newest first."""
    found = account.find("balance_transaction", _private__holder=holder)
    return [as_of_now(account, one) for one in found]


def balance(account: Account, holder: str = PLATFORM) -> Document:
    """The ``balance`` object: what is available and what is pending, by currency."""
    sums = _sums(account, holder)
    currencies = sorted({currency for _, currency in sums}) or ["usd"]
    shown: dict[str, list[Document]] = {
        status: [_entry(currency, sums[status, currency]) for currency in currencies]
        for status in ("available", "pending")
    }
    return shape("balance", livemode=False, **shown)


def _entry(currency: str, by_source: dict[str, int]) -> Document:
    kinds = {CARD: 0} | by_source
    return {"amount": sum(kinds.values()), "currency": currency, "source_types": kinds}


def _sums(account: Account, holder: str) -> defaultdict[tuple[str, str], dict[str, int]]:
    """Nets by (status, currency) and source type."""
    sums: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for one in transactions(account, holder):
        kinds, kind = sums[one["status"], one["currency"]], private(one)["source_type"]
        kinds[kind] = kinds.get(kind, 0) + one["net"]
    return sums


def available(account: Account, currency: str, holder: str = PLATFORM) -> int:
    """What can be sent elsewhere now."""
    return sum(_sums(account, holder)["available", currency].values())


def held(account: Account, currency: str, holder: str) -> int:
    """Available and pending together: what can be called back from a connected account."""
    sums = _sums(account, holder)
    return sum(sum(sums[status, currency].values()) for status in ("available", "pending"))


def source_type_of(account: Account, charge: Document | None) -> str:
    """Which kind of money a payment brought: a card's or a bank account's."""
    booked = account.store.load((charge or {}).get("balance_transaction") or "")
    return str(private(booked)["source_type"]) if booked else CARD
