"""What went back of an invoice that took a deposit: how much of it was the deposit.

One rule for the books, the shares and what is held: money that goes back takes of the work first,
and of the deposit only what the work cannot give; unless it was meant to be the deposit.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from webapp.billing.models import CreditNote, Dispute, Invoice
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.money import Money

# The reason of refunds of a deposit begins so.
OF_DEPOSIT = "deposit"


@dataclass(frozen=True)
class Back:
    """One way back. deposit: how much of it was meant to be the deposit; None: no matter what."""

    row: uuid.UUID
    at: datetime
    minor: int
    deposit: int | None = None


@dataclass(frozen=True)
class Split:
    """deposit_of: how much of the deposit went back, by the id of the refund, note or dispute;
    held: what of it is left."""

    deposit_of: dict[uuid.UUID, int]
    held: int


def split(invoice: Invoice) -> Split:
    """In the order in which it went; what is on its way counts."""
    settled = invoice.paid_minor + max(invoice.balance_applied_minor, 0)
    held = min(deposit_on(invoice), settled)
    work, parts = settled - held, {}
    for back in sorted(_ways(invoice), key=lambda one: (one.at, one.row)):
        wanted = max(back.minor - work, 0) if back.deposit is None else back.deposit
        parts[back.row] = min(wanted, held)
        held -= parts[back.row]
        work -= min(back.minor - parts[back.row], work)
    return Split(parts, held)


def deposit_on(invoice: Invoice) -> int:
    return sum(line["minor"] for line in invoice.lines if line.get("kind") == "deposit")


def tax_by_amount(invoice: Invoice, amount: Money) -> Money:
    """The tax in a part that goes back by amount, not by lines: a credit note has it in proportion
    to the whole invoice, a deposit's line included.

    https://docs.stripe.com/tax/invoicing/refunds
    """
    tax, whole = invoice.tax_minor, invoice.total_minor
    return amount.prorate(tax, whole) if 0 < tax < whole else amount * 0


def _ways(invoice: Invoice) -> Iterator[Back]:
    for refund in invoice.refunds:
        meant = refund.amount_minor if refund.reason.startswith(OF_DEPOSIT) else None
        if refund.state != "failed" and refund.reason != CREDIT_PAID_OUT:
            yield Back(refund.id, refund.created_at, refund.amount_minor, meant)
    for note in CreditNote.of(invoice):
        meant = (note.amount_minor if note.of_deposit else 0) if note.lines else None
        if note.counts and note.means in {"credit", "outside"}:
            yield Back(note.id, note.created_at, note.amount_minor, meant)
    for dispute in Dispute.of(invoice):
        if dispute.lost:
            yield Back(dispute.id, dispute.closed_at or dispute.opened_at, dispute.amount_minor)
