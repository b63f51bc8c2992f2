"""What a paid invoice brought, read from our mirrors."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.billing.balance import used_by
from webapp.billing.models import CreditNote, Dispute, Invoice, Payment, Refund
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.billing.paying_out.sharing import Received
from webapp.billing.returning.splitting import deposit_on, split
from webapp.money import Money

ARRIVED = frozenset({"pending", "succeeded"})


def received_from(invoice: Invoice) -> Received:
    """The payment of the invoice itself, and what is known to have gone back of it."""
    fees = (payment.fee or Money(0, invoice.currency) for payment in Payment.of(invoice))
    credits, (returned, deposit_returned) = _credits_of_days(invoice), _returned(invoice)
    return Received(
        paid=invoice.paid,
        tax=_paid_of(invoice, invoice.tax_minor),
        deposit=_paid_of(invoice, deposit_on(invoice)),
        fee=_sum(fees, invoice),
        returned=returned,
        deposit_returned=deposit_returned,
        unearned=_sum((note.net for note in credits), invoice),
        unearned_whole=_sum((note.amount for note in credits), invoice),
    )


def credits_used(invoice: Invoice) -> list[tuple[list[Payment], Received]]:
    """The work of an invoice that the client's credit paid for, by the payments that had brought
    the money, the nearest first; less what was credited of this invoice beyond its own payment, and
    less what has gone since, by a refund in Stripe's dashboard or a dispute that was lost.

    Credit that no credit note of ours gave has no payment behind it, and is nobody's share.
    """
    if invoice.balance_applied_minor <= 0:
        return []
    beyond = _unearned_beyond(invoice)
    found = []
    for note, amount in used_by(invoice):
        work = _work_of(invoice, amount)
        kept = max(work - beyond, Money(0, invoice.currency))
        beyond -= work - kept
        given = CreditNote.made_as(note) if note else None
        found.append(_brought(given, kept))
    return found


def _brought(given: CreditNote | None, amount: Money) -> tuple[list[Payment], Received]:
    if given is None:
        return [], _plain(amount * 0)
    return _payments_behind(given.invoice), _plain(amount.prorate(*_still_there(given.invoice)))


def _payments_behind(invoice: Invoice) -> list[Payment]:
    """Its own, and those that had brought the credit that paid (a part of) it."""
    notes = (CreditNote.made_as(note) for note, _ in used_by(invoice))
    before = (one for note in notes if note for one in _payments_behind(note.invoice))
    return list(dict.fromkeys([*Payment.of(invoice)[:1], *before]))


def _still_there(invoice: Invoice) -> tuple[int, int]:
    """(part, whole) of the credit that an invoice gave which its payment still covers."""
    given = sum(note.amount_minor for note in notes_of(invoice) if note.means == "credit")
    gone = sum(one.amount.minor for one in _gone(invoice))
    settled = invoice.paid_minor + max(invoice.balance_applied_minor, 0)
    beyond = min(max(gone + given - settled, 0), given)
    return (given - beyond, given) if given else (1, 1)


def _plain(amount: Money) -> Received:
    nothing = Money(0, amount.currency)
    return Received(amount, nothing, nothing, nothing, nothing, nothing, nothing, nothing)


def _work_of(invoice: Invoice, amount: Money) -> Money:
    """The part of a sum that pays for work, on an invoice with tax."""
    work = invoice.total_minor - invoice.tax_minor - deposit_on(invoice)
    return amount.prorate(work, invoice.total_minor)


def _unearned_beyond(invoice: Invoice) -> Money:
    """What was credited of its days and is more than what its own payment paid of them."""
    work = _paid_of(invoice, invoice.total_minor - invoice.tax_minor - deposit_on(invoice))
    unearned = _sum((note.net for note in _credits_of_days(invoice)), invoice)
    return max(unearned - work, Money(0, invoice.currency))


def _credits_of_days(invoice: Invoice) -> list[CreditNote]:
    """Onto the balance: what lessened an open invoice was never paid."""
    notes = (note for note in notes_of(invoice) if note.means == "credit" and note.lines)
    return [note for note in notes if note.stripe_id and not note.of_deposit]


def _paid_of(invoice: Invoice, minor: int) -> Money:
    """The part of a sum on the invoice that was paid in money, not by credit of before."""
    whole, paid = invoice.total_minor, min(invoice.paid_minor, invoice.total_minor)
    sum_of_it = Money(minor, invoice.currency)
    return sum_of_it.prorate(paid, whole) if 0 <= paid < whole else sum_of_it


def _returned(invoice: Invoice) -> tuple[Money, Money]:
    """(for the work, of the deposit): refunds, disputes lost, what was given back outside Stripe,
    and credit of an amount: what it pays for later is shared then. Credit that is paid out was
    counted when it was given."""
    notes = (note for note in notes_of(invoice) if note.means == "credit" and not note.lines)
    back = [*_gone(invoice), *notes]
    parts = split(invoice).deposit_of
    deposit = Money(sum(parts.get(one.id, 0) for one in back), invoice.currency)
    return _sum((one.amount for one in back), invoice) - deposit, deposit


def _gone(invoice: Invoice) -> list[Refund | Dispute | CreditNote]:
    """What has left of the money that came in, other than as credit."""
    refunds = (one for one in invoice.refunds if one.state in ARRIVED)
    lost = (dispute for dispute in Dispute.of(invoice) if dispute.lost)
    outside = (note for note in notes_of(invoice) if note.means == "outside")
    return [*(one for one in refunds if one.reason != CREDIT_PAID_OUT), *lost, *outside]


def notes_of(invoice: Invoice) -> list[CreditNote]:
    """Those that count."""
    return [note for note in CreditNote.of(invoice) if note.counts]


def _sum(amounts: Iterable[Money], invoice: Invoice) -> Money:
    return sum(amounts, Money(0, invoice.currency))
