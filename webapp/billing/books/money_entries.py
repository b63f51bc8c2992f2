"""Double-entry bookkeeping of money that moved: payments, what went back, disputes, shares.

As in `entries`: a debit is positive, a credit negative, and each transaction comes to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from webapp.billing.books.entries import (
    BAD_DEBTS,
    CONSULTANTS,
    CREDIT,
    DEPOSITS,
    DISPUTE_FEES,
    DISPUTED,
    FEES,
    LOST,
    OTHER,
    OUTSIDE,
    RECEIVABLE,
    REFUNDS,
    SHARES,
    STRIPE,
    TAX,
    Posting,
    Transaction,
    both,
    transaction,
)
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
from webapp.billing.returning.splitting import tax_by_amount
from webapp.money import Money


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
    tax = Money(undone.tax, amount.currency) if undone.tax is not None else amount * 0
    if undone.tax is None and rest:  # its paper is not made yet
        tax = min(tax_by_amount(invoice, amount), rest)
    return [Posting(REFUNDS, rest - tax), Posting(DEPOSITS, deposit), Posting(TAX, tax)]


NOTE_ACCOUNTS = {"reduce": RECEIVABLE, "credit": CREDIT, "outside": OUTSIDE}


def of_credit_note(
    note: CreditNote, payee: str, zone: str, undone: Undone = Undone()
) -> Iterator[Transaction]:
    """One that is the paper to a refund is booked by the refund; one that lessens what was written
    off before gives back what had been lost."""
    if note.state != "issued" or note.means == "refund":
        return
    account, lost_at = NOTE_ACCOUNTS[note.means], note.invoice.written_off_at
    if account == RECEIVABLE and lost_at and lost_at < note.created_at:
        account = BAD_DEBTS
    text = f"Credit note {note.number} to invoice {note.invoice.number}"
    postings = (*_undone(note.invoice, note.amount, undone),
                Posting(account, -note.amount))  # fmt: skip
    yield transaction(note.created_at, zone, note, payee, text, postings)


# What stands on a balance because of an invoice or a credit note is booked with these, as is what a
# refund of ours moved: https://docs.stripe.com/billing/customer/balance#types
BOOKED = frozenset(
    {"applied_to_invoice", "unapplied_from_invoice", "invoice_too_small", "credit_note"}
)


def of_balance(entry: BalanceEntry, payee: str, zone: str) -> Iterator[Transaction]:
    """Credit that somebody gave, or took off, in Stripe's dashboard."""
    if entry.kind not in BOOKED and not entry.refund:
        text = "Credit given at Stripe" if entry.credit_minor > 0 else "Credit taken off at Stripe"
        postings = both(REFUNDS, CREDIT, entry.credit)
        yield transaction(entry.made_at, zone, entry, payee, text, postings)


def of_kept_deposit(
    invoice: Invoice, payee: str, zone: str, at: datetime, minor: int
) -> Iterator[Transaction]:
    """What the policy keeps of it for a booking that was cancelled (at) is the client's no more."""
    text = f"Deposit of invoice {invoice.number}: kept, the booking was cancelled"
    postings = both(DEPOSITS, OTHER, Money(minor, invoice.currency))
    yield transaction(at, zone, invoice, payee, text, postings)


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
