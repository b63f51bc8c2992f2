"""Giving money of an invoice back, as a person decides it: how much is left, and how it goes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from webapp.billing.models import CreditNote, Dispute, Invoice, Refund
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.billing.paying_out.planning import locked
from webapp.money import Money

CARD, CREDIT, OUTSIDE, REDUCE = "refund", "credit", "outside", "reduce"


class CannotGive(ValueError):
    """It is not there to give; the text is fit for the person who asked."""


@dataclass(frozen=True)
class Giving:
    """A decision: amount, means (of CreditNote), Stripe's reason code or '', the words, and who.

    once: its name, so that a form sent twice gives once.
    """

    amount: Money
    means: str
    reason: str
    note: str
    by: str
    once: uuid.UUID = field(default_factory=uuid.uuid4)


def left_of(invoice: Invoice) -> Money:
    """What may still be given: of a paid invoice what was paid and not given back, of an open one
    what is due; what is on its way counts as given."""
    notes = [note for note in CreditNote.of(invoice) if note.counts]
    if invoice.status == "open":
        coming = (note.amount for note in notes if note.state == "intended")
        return invoice.due - sum(coming, Money(0, invoice.currency))
    given = [note.amount for note in notes if note.means in {CREDIT, OUTSIDE}]
    lost = [dispute.amount for dispute in Dispute.of(invoice) if dispute.lost]
    back = sum([*given, *lost, *_refunded(invoice)], Money(0, invoice.currency))
    settled = invoice.paid + max(invoice.balance_applied, Money(0, invoice.currency))
    return max(settled - back, Money(0, invoice.currency))


def _refunded(invoice: Invoice) -> list[Money]:
    """What pays out a credit was counted when the credit was given."""
    kept = (row for row in invoice.refunds if row.state != "failed")
    return [row.amount for row in kept if row.reason != CREDIT_PAID_OUT]


def left_to_refund(invoice: Invoice) -> Money:
    """Of the money that came in by the invoice itself."""
    return min(left_of(invoice), left_of_payment(invoice))


def left_of_payment(invoice: Invoice) -> Money:
    """What Stripe can still refund of the money that came in by it."""
    lost = (dispute.amount for dispute in Dispute.of(invoice) if dispute.lost)
    left = invoice.paid - invoice.given_back - sum(lost, Money(0, invoice.currency))
    return max(left, Money(0, invoice.currency))


def means_of(invoice: Invoice) -> list[str]:
    """How money of this invoice can be given, the usual way first."""
    if invoice.status == "open":
        return [REDUCE]
    if invoice.status != "paid":
        return []
    return [CREDIT, OUTSIDE] if invoice.out_of_band else [CARD, CREDIT, OUTSIDE]


def contested(invoice: Invoice) -> bool:
    """The bank decides about the payment; Stripe refunds nothing of it meanwhile."""
    return any(dispute.open and not dispute.inquiry for dispute in Dispute.of(invoice))


def give(invoice_id: uuid.UUID, giving: Giving) -> Refund | CreditNote:
    """Write the decision down; a job carries it out. Two people at once take turns.

    Raises CannotGive when it is more than what is left by then, or not possible at all.
    """
    invoice = locked(invoice_id)
    known = Refund.named(giving.once) or CreditNote.named(giving.once)
    if known:
        return known
    if giving.means not in means_of(invoice):
        raise CannotGive("This invoice has changed meanwhile; nothing of it can be given so.")
    if contested(invoice):
        raise CannotGive("The bank is deciding about this payment; nothing can be given meanwhile.")
    left = left_to_refund(invoice) if giving.means == CARD else left_of(invoice)
    if not Money(0, left.currency) < giving.amount <= left:
        raise CannotGive(f"At most {left.format()} is left of it.")
    if giving.means == CARD:
        return Refund.decide(invoice, giving.amount, giving.note, giving.by, giving.once)
    return CreditNote.intend(
        invoice, giving.amount, giving.means, giving.once,
        reason=giving.reason, note=giving.note, by=giving.by,
    )  # fmt: skip
