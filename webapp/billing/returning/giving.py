"""Giving money of an invoice back, as a person decides it: how much is left, and how it goes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from webapp.billing import mirroring
from webapp.billing.models import CreditNote, Invoice, Refund
from webapp.billing.returning.left import (
    CARD,
    CREDIT,
    OUTSIDE,
    REDUCE,
    contested,
    left_for_notes,
    left_to_refund,
)
from webapp.billing.returning.refunding import lock
from webapp.db import session
from webapp.engagements.models import FollowUp
from webapp.money import Money


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


def means_of(invoice: Invoice) -> list[str]:
    """How money of this invoice can be given, the usual way first."""
    if invoice.status == "open":
        return [REDUCE]
    if invoice.status != "paid":
        return []
    return [CREDIT, OUTSIDE] if invoice.out_of_band else [CARD, CREDIT, OUTSIDE]


def give(invoice_id: uuid.UUID, giving: Giving) -> Refund | CreditNote:
    """Write the decision down; a job carries it out. Two people at once take turns.

    Raises CannotGive when it is more than what is left by then, or not possible at all.
    """
    invoice = _locked(invoice_id)
    known = Refund.named(giving.once) or CreditNote.named(giving.once)
    if known:
        return known
    if giving.means not in means_of(invoice):
        raise CannotGive("This invoice has changed meanwhile; nothing of it can be given so.")
    if contested(invoice):
        raise CannotGive("The bank is deciding about this payment; nothing can be given meanwhile.")
    left = (left_to_refund if giving.means == CARD else left_for_notes)(invoice)
    if not Money(0, left.currency) < giving.amount <= left:
        raise CannotGive(f"At most {left.format()} is left of it.")
    if giving.means == CARD:
        return Refund.decide(invoice, giving.amount, giving.note, giving.by, giving.once)
    return CreditNote.intend(
        invoice, giving.amount, giving.means, giving.once,
        reason=giving.reason, note=giving.note, by=giving.by,
    )  # fmt: skip


def make_again(note_id: uuid.UUID, by: str) -> CreditNote:
    """A credit note that was refused is tried once more, as a person decides; twice is once.

    Raises CannotGive when what it gives is not left any more.
    """
    note = session.get_one(CreditNote, note_id)
    invoice = _locked(note.invoice_id)
    if note.state != "failed":
        return note
    left = left_for_notes(invoice)
    if note.means != CARD and note.gross > left:
        raise CannotGive(f"At most {left.format()} is left of the invoice.")
    FollowUp.settle(invoice.engagement_id, note.refused_as)
    note.make_again(by)
    return note


def _locked(invoice_id: uuid.UUID) -> Invoice:
    invoice = session.get_one(Invoice, invoice_id)
    mirroring.locked(invoice.engagement_id)
    lock(invoice)
    return invoice
