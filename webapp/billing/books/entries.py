"""Double-entry bookkeeping of the mirrors: what each row of ours means to an accountant.

Amounts are signed as in beancount: a debit is positive, a credit negative, and the weights of a
transaction come to nothing in every currency. Pure: rows in, transactions out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp.billing.models import Invoice
from webapp.engagements.models.period import span
from webapp.money import Money

RECEIVABLE, STRIPE = "Assets:Receivable", "Assets:Stripe"
OUTSIDE, DISPUTED = "Assets:OutsideStripe", "Assets:Disputed"
DEFERRED, DEPOSITS = "Liabilities:DeferredRevenue", "Liabilities:Deposits"
TAX, CREDIT, CONSULTANTS = (
    "Liabilities:TaxPayable", "Liabilities:ClientCredit", "Liabilities:Consultants",
)  # fmt: skip
RETAINERS, OVERAGE, OTHER = "Income:Retainers", "Income:Overage", "Income:Other"
DISCOUNTS, REFUNDS = "Income:Discounts", "Income:Refunds"
FEES, DISPUTE_FEES = "Expenses:StripeFees", "Expenses:DisputeFees"
LOST, SHARES = "Expenses:LostDisputes", "Expenses:Consultants"
BAD_DEBTS = "Expenses:BadDebts"
# Nothing is ever booked here unless a mirror contradicts itself; the tests see that it stays empty.
UNEXPLAINED = "Equity:Unexplained"
ACCOUNTS = (
    RECEIVABLE, STRIPE, OUTSIDE, DISPUTED, DEFERRED, DEPOSITS, TAX, CREDIT, CONSULTANTS, RETAINERS,
    OVERAGE, OTHER, DISCOUNTS, REFUNDS, FEES, DISPUTE_FEES, LOST, SHARES, BAD_DEBTS, UNEXPLAINED,
)  # fmt: skip

# Where a line of each kind is earned; what is paid ahead is deferred first.
EARNED = {"overage": OVERAGE, "one_off": OTHER, "diagnostic": OTHER}
HELD = frozenset({"deposit"})


@dataclass(frozen=True)
class Posting:
    """cost: what it weighs, where it is in another currency than what it was exchanged for."""

    account: str
    amount: Money
    cost: Money | None = None

    @property
    def weight(self) -> Money:
        return self.cost or self.amount


@dataclass(frozen=True)
class Transaction:
    """on: the day where the firm is; source: '<table> <Stripe id>' of the row it comes from."""

    on: date
    payee: str
    text: str
    source: str
    postings: tuple[Posting, ...] = field(default=())

    @property
    def balanced(self) -> bool:
        totals: dict[str, int] = {}
        for posting in self.postings:
            weight = posting.weight
            totals[weight.currency] = totals.get(weight.currency, 0) + weight.minor
        return not any(totals.values())


def transaction(
    at: datetime | date, zone: str, row: Any, payee: str, text: str, postings: Iterable[Posting]
) -> Transaction:
    """Postings of nothing are left out."""
    on = _day(at, zone) if isinstance(at, datetime) else at
    source = f"{row.__tablename__} {row.stripe_id or row.id}"
    return Transaction(on, payee, text, source, tuple(one for one in postings if one.amount))


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def both(debit: str, credit: str, amount: Money) -> tuple[Posting, Posting]:
    return Posting(debit, amount), Posting(credit, -amount)


# -- invoices --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settled:
    """What our rows tell of how an invoice was settled, in its minor units.

    paid: by payments of ours; reduced: by credit notes while it was open; notes: the bookings of
    these.
    """

    paid: int = 0
    reduced: int = 0
    notes: tuple[Transaction, ...] = ()


def of_invoice(
    invoice: Invoice, payee: str, zone: str, settled: Settled = Settled()
) -> Iterator[Transaction]:
    """Issued; what the client's credit at Stripe paid or took; what came in beside our payments.
    Written off and voided on their own days, so that a month that is over stays as it was.
    """
    text = f"Invoice {invoice.number}"
    asked = list(_asked(invoice, payee, zone))
    yield from asked
    other = _paid_otherwise(invoice, settled)
    if other and invoice.paid_at:
        account = OUTSIDE if invoice.out_of_band else STRIPE
        postings = both(account, RECEIVABLE, other)
        yield transaction(invoice.paid_at, zone, invoice, payee, f"{text}: paid", postings)
    lost = list(_written_off(invoice, payee, zone, [*asked, *settled.notes]))
    yield from lost
    if invoice.status == "void":
        at = invoice.voided_at or invoice.issued_at
        released = list(earned(invoice, payee, zone))
        before = [*asked, *settled.notes, *lost, *released]
        yield transaction(at, zone, invoice, payee, f"{text}: void", _back(before))


def _asked(invoice: Invoice, payee: str, zone: str) -> Iterator[Transaction]:
    text = f"Invoice {invoice.number}"
    yield transaction(invoice.issued_at, zone, invoice, payee, text, _issued(invoice))
    credit = invoice.balance_applied
    if credit:
        postings = both(CREDIT, RECEIVABLE, credit)
        what = f"{text}: {'paid from' if credit.minor > 0 else 'put on'} the client's credit"
        yield transaction(invoice.issued_at, zone, invoice, payee, what, postings)


def _written_off(
    invoice: Invoice, payee: str, zone: str, before: Sequence[Transaction]
) -> Iterator[Transaction]:
    """What stood open on the day on which it was given up; it was no loss, if it is paid after all,
    but for what credit notes of later lessened."""
    at, text, nothing = invoice.written_off_at, f"Invoice {invoice.number}", invoice.total * 0
    if at is None:
        return
    until = [one for one in before if one.on <= _day(at, zone)]
    lost = sum(_on(RECEIVABLE, until), nothing)
    yield transaction(at, zone, invoice, payee, f"{text}: written off",
                      both(BAD_DEBTS, RECEIVABLE, lost))  # fmt: skip
    if invoice.status == "paid" and invoice.paid_at:
        back = lost + sum(_on(BAD_DEBTS, before), nothing)
        yield transaction(invoice.paid_at, zone, invoice, payee, f"{text}: paid after all",
                          both(RECEIVABLE, BAD_DEBTS, back))  # fmt: skip


def _on(account: str, booked: Iterable[Transaction]) -> Iterator[Money]:
    postings = (posting for one in booked for posting in one.postings)
    return (posting.amount for posting in postings if posting.account == account)


def _back(before: Sequence[Transaction]) -> Iterator[Posting]:
    """What brings each account back to where it stood without them."""
    for (account, currency), minor in totals(before).items():
        yield Posting(account, Money(-minor, currency))


def _issued(invoice: Invoice) -> Iterator[Posting]:
    yield Posting(RECEIVABLE, invoice.total)
    left = invoice.total
    for line in invoice.lines:
        amount = Money(line["minor"], invoice.currency)
        left -= amount
        yield Posting(_account(invoice, line), -amount)
    yield Posting(DISCOUNTS, invoice.discount)
    yield Posting(TAX, -invoice.tax)
    yield Posting(UNEXPLAINED, -(left + invoice.discount - invoice.tax))


def _account(invoice: Invoice, line: dict[str, Any]) -> str:
    kind = line.get("kind") or "retainer"
    if kind in HELD:
        return DEPOSITS
    return EARNED.get(kind) or (DEFERRED if _months(*_days_of(invoice, line)) else RETAINERS)


def _paid_otherwise(invoice: Invoice, settled: Settled) -> Money:
    """What was paid of it that no payment of ours tells of: outside Stripe, or not read yet."""
    if invoice.status != "paid":
        return Money(0, invoice.currency)
    if invoice.out_of_band:
        return invoice.total - invoice.balance_applied - Money(settled.reduced, invoice.currency)
    return invoice.paid - Money(settled.paid, invoice.currency)


# -- revenue as it is earned -----------------------------------------------------------------------


def earned(invoice: Invoice, payee: str, zone: str) -> Iterator[Transaction]:
    """What is paid ahead is earned by the day: a part for each calendar month that a line spans, on
    the last of its days there. The parts are the line, to the unit; of what was voided nothing is
    earned any more from then on."""
    until = _day(invoice.voided_at or invoice.issued_at, zone) if invoice.status == "void" else None
    for line in invoice.lines:
        if _account(invoice, line) == DEFERRED:
            parts = _released(invoice, line, payee, zone)
            yield from (one for one in parts if until is None or one.on <= until)


def _released(
    invoice: Invoice, line: dict[str, Any], payee: str, zone: str
) -> Iterator[Transaction]:
    spans = _months(*_days_of(invoice, line))
    parts = Money(line["minor"], invoice.currency).allocate([days for _, days in spans])
    for (last, _), part in zip(spans, parts, strict=True):
        postings = both(DEFERRED, RETAINERS, part)
        yield transaction(last, zone, invoice, payee, f"Earned: {line['text']}", postings)


def _days_of(invoice: Invoice, line: dict[str, Any]) -> tuple[date, date]:
    """[from, to) as local dates of the client's; the first month is paid before it begins."""
    engagement = invoice.engagement
    if engagement and line.get("kind") == "first_month":
        return span(engagement.kick_off_on, 1)
    place = ZoneInfo(engagement.time_zone) if engagement else UTC
    # A midnight may stand an hour off where summer time has begun since.
    starts, ends = (
        (datetime.fromisoformat(line[name]).astimezone(place) + timedelta(hours=2)).date()
        for name in ("starts", "ends")
    )
    return starts, ends


def _months(starts: date, ends: date) -> list[tuple[date, int]]:
    """(last day, number of days) in each calendar month of [starts, ends); [] for a moment."""
    spans: list[tuple[date, int]] = []
    while starts < ends:
        after = (starts.replace(day=1) + timedelta(days=32)).replace(day=1)
        until = min(after, ends)
        spans.append((until - timedelta(days=1), (until - starts).days))
        starts = until
    return spans


def totals(transactions: Sequence[Transaction]) -> dict[tuple[str, str], int]:
    """(account, currency) → minor units, of all that is booked."""
    found: dict[tuple[str, str], int] = {}
    for one in transactions:
        for posting in one.postings:
            key = posting.account, posting.amount.currency
            found[key] = found.get(key, 0) + posting.amount.minor
    return found
