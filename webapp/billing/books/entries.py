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

from webapp.billing.models import (
    BalanceEntry,
    CreditNote,
    Dispute,
    Invoice,
    Payment,
    Refund,
    Transfer,
)
from webapp.billing.models.refund import CREDIT_PAID_OUT
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
# Nothing is ever booked here unless a mirror contradicts itself; the tests see that it stays empty.
UNEXPLAINED = "Equity:Unexplained"
ACCOUNTS = (
    RECEIVABLE, STRIPE, OUTSIDE, DISPUTED, DEFERRED, DEPOSITS, TAX, CREDIT, CONSULTANTS, RETAINERS,
    OVERAGE, OTHER, DISCOUNTS, REFUNDS, FEES, DISPUTE_FEES, LOST, SHARES, UNEXPLAINED,
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
    on = at.astimezone(ZoneInfo(zone)).date() if isinstance(at, datetime) else at
    source = f"{row.__tablename__} {row.stripe_id or row.id}"
    return Transaction(on, payee, text, source, tuple(one for one in postings if one.amount))


def both(debit: str, credit: str, amount: Money) -> tuple[Posting, Posting]:
    return Posting(debit, amount), Posting(credit, -amount)


# -- invoices --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settled:
    """What our rows tell of how an invoice was settled, in its minor units.

    paid: by payments of ours; reduced: by credit notes while it was open.
    """

    paid: int = 0
    reduced: int = 0


def of_invoice(
    invoice: Invoice, payee: str, zone: str, settled: Settled = Settled()
) -> Iterator[Transaction]:
    """Issued; what the client's credit at Stripe paid or took; what came in beside our payments.

    An invoice that was voided never counted.
    """
    if invoice.status == "void":
        return
    text = f"Invoice {invoice.number}"
    yield transaction(invoice.issued_at, zone, invoice, payee, text, _issued(invoice))
    credit = invoice.balance_applied
    if credit:
        postings = both(CREDIT, RECEIVABLE, credit)
        what = f"{text}: {'paid from' if credit.minor > 0 else 'put on'} the client's credit"
        yield transaction(invoice.issued_at, zone, invoice, payee, what, postings)
    other = _paid_otherwise(invoice, settled)
    if other and invoice.paid_at:
        account = OUTSIDE if invoice.out_of_band else STRIPE
        postings = both(account, RECEIVABLE, other)
        yield transaction(invoice.paid_at, zone, invoice, payee, f"{text}: paid", postings)


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
    the last of its days there. The parts are the line, to the unit."""
    if invoice.status == "void":
        return
    for line in invoice.lines:
        if _account(invoice, line) == DEFERRED:
            yield from _released(invoice, line, payee, zone)


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


# -- payments, refunds, credit notes, disputes, shares ---------------------------------------------


def of_payment(payment: Payment, payee: str, zone: str) -> Iterator[Transaction]:
    """Stripe may have settled it in another currency; its fee is in that one."""
    text = f"Payment of invoice {payment.invoice.number}"
    fee = payment.fee
    if fee is None or payment.net_minor is None:
        unbooked = both(STRIPE, RECEIVABLE, payment.amount)
        yield transaction(payment.paid_at, zone, payment, payee, text, unbooked)
        return
    gross = Money(payment.net_minor, payment.settled_currency) + fee
    cost = None if payment.settled_alike else payment.amount
    postings = (
        Posting(STRIPE, gross, cost), Posting(RECEIVABLE, -payment.amount),
        Posting(FEES, fee), Posting(STRIPE, -fee),
    )  # fmt: skip
    yield transaction(payment.paid_at, zone, payment, payee, text, postings)


@dataclass(frozen=True)
class Undone:
    """Of something that went back, in minor units: deposit, and tax where Stripe's paper says."""

    deposit: int = 0
    tax: int | None = None


def of_refund(
    refund: Refund, payee: str, zone: str, undone: Undone = Undone()
) -> Iterator[Transaction]:
    """Given back of what the invoice was for: revenue and its tax, then the deposit."""
    if refund.state not in {"pending", "succeeded"}:
        return
    text = f"Refund of invoice {refund.invoice.number}: {refund.reason.replace('_', ' ')}"
    what = [Posting(CREDIT, refund.amount)]  # the credit note that gave it has undone the rest
    if refund.reason != CREDIT_PAID_OUT:
        what = _undone(refund.invoice, refund.amount, undone)
    postings = (*what, Posting(STRIPE, -refund.amount))
    yield transaction(refund.created_at, zone, refund, payee, text, postings)


def _undone(invoice: Invoice, amount: Money, undone: Undone) -> list[Posting]:
    deposit = Money(undone.deposit, amount.currency)
    rest = amount - deposit
    tax = _tax_of(invoice, rest) if undone.tax is None else Money(undone.tax, amount.currency)
    return [Posting(REFUNDS, rest - tax), Posting(DEPOSITS, deposit), Posting(TAX, tax)]


def _tax_of(invoice: Invoice, amount: Money) -> Money:
    """In proportion: a deposit has none."""
    held = sum(line["minor"] for line in invoice.lines if line.get("kind") == "deposit")
    taxed, tax = invoice.total_minor - held, invoice.tax_minor
    return amount.prorate(tax, taxed) if 0 < tax < taxed else amount * 0


NOTE_ACCOUNTS = {"reduce": RECEIVABLE, "credit": CREDIT, "outside": OUTSIDE}


def of_credit_note(
    note: CreditNote, payee: str, zone: str, undone: Undone = Undone()
) -> Iterator[Transaction]:
    """One that is the paper to a refund is booked by the refund."""
    if note.state != "issued" or note.means == "refund":
        return
    text = f"Credit note {note.number} to invoice {note.invoice.number}"
    postings = (*_undone(note.invoice, note.amount, undone),
                Posting(NOTE_ACCOUNTS[note.means], -note.amount))  # fmt: skip
    yield transaction(note.created_at, zone, note, payee, text, postings)


# What stands on a balance because of an invoice, a credit note or a refund of ours is booked there.
BY_HAND = "adjustment"


def of_balance(entry: BalanceEntry, payee: str, zone: str) -> Iterator[Transaction]:
    """Credit that somebody gave, or took off, in Stripe's dashboard."""
    if entry.kind == BY_HAND and not entry.refund:
        text = "Credit given at Stripe" if entry.credit_minor > 0 else "Credit taken off at Stripe"
        postings = both(REFUNDS, CREDIT, entry.credit)
        yield transaction(entry.made_at, zone, entry, payee, text, postings)


def of_dispute(
    dispute: Dispute, payee: str, zone: str, undone: Undone = Undone()
) -> Iterator[Transaction]:
    """Stripe takes the money when it is opened, and gives it back when it is won; lost, what of a
    deposit was in it is not held any more."""
    if dispute.inquiry:
        return
    text = f"Dispute of invoice {dispute.payment.invoice.number}"
    postings = (*both(DISPUTED, STRIPE, dispute.amount), *both(DISPUTE_FEES, STRIPE, dispute.fee))
    yield transaction(dispute.opened_at, zone, dispute, payee, text, postings)
    if dispute.open or dispute.closed_at is None:
        return
    account, how = (LOST, "lost") if dispute.lost else (STRIPE, "won")
    deposit = Money(undone.deposit, dispute.currency)
    decided = (Posting(account, dispute.amount - deposit), Posting(DEPOSITS, deposit),
               Posting(DISPUTED, -dispute.amount))  # fmt: skip
    yield transaction(dispute.closed_at, zone, dispute, payee, f"{text}: {how}", decided)


def of_transfer(transfer: Transfer, zone: str) -> Iterator[Transaction]:
    """A consultant's share: owed when the invoice is paid, less what is taken back of it, sent."""
    payee, what = transfer.consultant.name, f"Share of invoice {transfer.invoice.number}"
    share = Money(transfer.earned_minor, transfer.currency)
    owed = both(SHARES, CONSULTANTS, share)
    yield transaction(transfer.created_at, zone, transfer, payee, what, owed)
    if transfer.sent_at:
        account = OUTSIDE if transfer.outside else STRIPE
        sent = both(CONSULTANTS, account, Money(transfer.amount_minor, transfer.currency))
        yield transaction(transfer.sent_at, zone, transfer, payee, f"{what}: sent", sent)
    yield from _taken_back(transfer, payee, what, zone)


def _taken_back(transfer: Transfer, payee: str, what: str, zone: str) -> Iterator[Transaction]:
    """What was not sent yet, or is a debt, lessens what is owed; the rest came back to Stripe."""
    for reversal in transfer.reversals:
        minor = Money(reversal.minor, transfer.currency)
        if reversal.state == "made":
            at, account = reversal.made_at or reversal.created_at, STRIPE
        else:
            at, account = reversal.created_at, CONSULTANTS
        if reversal.state != "intended":
            postings = both(account, SHARES, minor)
            yield transaction(at, zone, reversal, payee, f"{what}: taken back", postings)


def totals(transactions: Sequence[Transaction]) -> dict[tuple[str, str], int]:
    """(account, currency) → minor units, of all that is booked."""
    found: dict[tuple[str, str], int] = {}
    for one in transactions:
        for posting in one.postings:
            key = posting.account, posting.amount.currency
            found[key] = found.get(key, 0) + posting.amount.minor
    return found
