"""Consultants' shares of one invoice: of what each is one, what was taken back of it, and how."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from webapp.billing.balance import used_by
from webapp.billing.models import CreditNote, Invoice, Transfer, TransferReversal
from webapp.billing.paying_out.wording import state_of
from webapp.billing.paying_out.working import Working
from webapp.db import session
from webapp.money import Money

# What became of what was taken back: (words, tone).
TAKEN = {
    "cut": ("Before it was sent", "neutral"),
    "intended": ("Being called back", "info"),
    "made": ("Called back", "warn"),
    "debt": ("A debt", "bad"),
}


@dataclass(frozen=True)
class TracedShare:
    """A share, or (below nothing) what was taken back of the one before. of: what it is a part of,
    or why it was taken; state and tone: for a badge, with notes beside it; working: how a share
    came about."""

    name: str
    of: str
    state: str
    tone: str
    notes: list[str]
    at: datetime
    stripe_id: str
    amount: Money
    working: Working | None = None


def shares_of(invoice: Invoice, transfers: Iterable[Transfer]) -> list[TracedShare]:
    sources = [_source(note) for note, _ in used_by(invoice)]
    return [row for transfer in transfers for row in _rows(transfer, sources)]


def _rows(transfer: Transfer, sources: list[str]) -> Iterator[TracedShare]:
    words, tone, waits = state_of(transfer)
    yield TracedShare(
        name=transfer.consultant.name,
        of=_part(transfer, sources),
        state=words,
        tone=tone,
        notes=[note for note in (waits, *_became(transfer)) if note],
        at=transfer.sent_at or transfer.created_at,
        stripe_id=transfer.stripe_id or "",
        amount=transfer.earned,
        working=Working.of(transfer),
    )
    for reversal in sorted(transfer.reversals, key=lambda row: (row.created_at, row.id)):
        yield _taken(transfer, reversal)


def _became(transfer: Transfer) -> Iterator[str]:
    """Where not all of it is what was sent."""
    if transfer.sent_at and transfer.amount != transfer.earned:
        yield f"{transfer.amount.format()} sent"


def _part(transfer: Transfer, sources: list[str]) -> str:
    """Of the payment, or of credit that paid; a credit that is read anew keeps its place."""
    part, _, again = transfer.part.partition(":")
    place = part.partition(".")[2]
    if part.startswith("credit"):
        number = int(place or 0)
        of = f"what credit paid ({sources[number] if number < len(sources) else 'gone since'})"
    else:
        of = "what was paid"
    return f"{of}, again after a refund failed" if again else of


def _source(note_id: str) -> str:
    """Where a piece of the client's credit came from."""
    note = CreditNote.made_as(note_id) if note_id else None
    if note is None:
        return "given in Stripe’s dashboard"
    return f"credit note {note.number} on invoice {note.invoice.number}"


def _taken(transfer: Transfer, reversal: TransferReversal) -> TracedShare:
    words, tone = TAKEN[reversal.state]
    return TracedShare(
        name=f"Taken back of {transfer.consultant.name}",
        of=_cause(reversal.cause),
        state=words,
        tone=tone,
        notes=list(_settled(reversal)),
        at=reversal.made_at or reversal.created_at,
        stripe_id=reversal.stripe_id or "",
        amount=-reversal.amount,
    )


def _settled(reversal: TransferReversal) -> Iterator[str]:
    """Of a debt: what later shares have paid of it, and what they still have to."""
    if reversal.state != "debt":
        return
    currency = reversal.transfer.currency
    if reversal.settled_minor:
        yield f"{Money(reversal.settled_minor, currency).format()} set off against later shares"
    if reversal.owed:
        yield f"{Money(reversal.owed, currency).format()} still owed"


def _cause(cause: str) -> str:
    kind, _, row = cause.partition(":")
    if kind == "credit_note":
        note = session.get(CreditNote, uuid.UUID(row))
        return f"For credit note {note.number}" if note and note.number else "For a credit note"
    return {"refund": "For a refund", "dispute": "For a dispute that was lost"}.get(
        kind, "In Stripe’s dashboard"
    )
