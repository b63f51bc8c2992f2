"""What may still go back of an invoice: the one rule for people, jobs and the policy of a booking.

Whoever gives money back locks the engagement first, then the invoices concerned, and reads this
only after that: two of them would each give what only one can.
"""

from __future__ import annotations

from collections.abc import Iterable

from webapp.billing.models import CreditNote, Dispute, Invoice, Refund
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.money import Money

CARD, CREDIT, OUTSIDE, REDUCE = "refund", "credit", "outside", "reduce"


def left_of(invoice: Invoice) -> Money:
    """What may still be given: of a paid invoice what was paid and not given back, of an open one
    what is due; what is on its way counts as given, with its tax."""
    if invoice.status == "open":
        coming = (note.gross for note in counting(invoice) if note.state == "intended")
        return invoice.due - _sum(coming, invoice)
    return _at_least_nothing(settled(invoice) - given_of(invoice))


def left_for_notes(invoice: Invoice) -> Money:
    """What a note that gives may be: Stripe takes refunds that no note names off what the notes of
    an invoice may come to, and credit that was paid out is such a refund.

    https://docs.stripe.com/api/credit_notes/create
    """
    if invoice.status == "open":
        return left_of(invoice)
    notes = counting(invoice)
    papers = {note.refund_id for note in notes}
    bare = (row.amount for row in kept(invoice.refunds) if row.id not in papers)
    room = invoice.total - _sum((note.gross for note in notes), invoice) - _sum(bare, invoice)
    return min(left_of(invoice), _at_least_nothing(room))


def left_to_refund(invoice: Invoice) -> Money:
    """Of the money that came in by the invoice itself."""
    return min(left_of(invoice), left_of_payment(invoice))


def left_of_payment(invoice: Invoice) -> Money:
    """What Stripe can still refund of the money that came in by it."""
    return _at_least_nothing(invoice.paid - invoice.given_back - _lost(invoice))


def settled(invoice: Invoice) -> Money:
    """What the client has put into it: money, and credit of before."""
    return invoice.paid + max(invoice.balance_applied, Money(0, invoice.currency))


def given_of(invoice: Invoice) -> Money:
    """What went back of it, as money, as credit, or because the bank took it; or is about to."""
    credits = (note.gross for note in counting(invoice) if note.means == CREDIT)
    return _sum(credits, invoice) + gone_of(invoice)


def gone_of(invoice: Invoice) -> Money:
    """What has left of it other than as credit, or is about to."""
    outside = (note.gross for note in counting(invoice) if note.means == OUTSIDE)
    return _sum([*outside, *_refunded(invoice)], invoice) + _lost(invoice)


def contested(invoice: Invoice) -> bool:
    """The bank decides about the payment; Stripe refunds nothing of it meanwhile."""
    return any(dispute.open and not dispute.inquiry for dispute in Dispute.of(invoice))


def counting(invoice: Invoice) -> list[CreditNote]:
    return [note for note in CreditNote.of(invoice) if note.counts]


def kept(refunds: Iterable[Refund]) -> list[Refund]:
    """Those that go back, or may."""
    return [row for row in refunds if row.state != "failed"]


def _lost(invoice: Invoice) -> Money:
    lost = (dispute.amount for dispute in Dispute.of(invoice) if dispute.lost)
    return _sum(lost, invoice)


def _refunded(invoice: Invoice) -> list[Money]:
    """What pays out a credit was counted when the credit was given."""
    return [row.amount for row in kept(invoice.refunds) if row.reason != CREDIT_PAID_OUT]


def _at_least_nothing(amount: Money) -> Money:
    return max(amount, Money(0, amount.currency))


def _sum(amounts: Iterable[Money], invoice: Invoice) -> Money:
    return sum(amounts, Money(0, invoice.currency))
