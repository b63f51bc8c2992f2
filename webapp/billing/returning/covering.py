"""Whether money of the client's is still behind the credit that stands on their balance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.billing import balance
from webapp.billing.models import CreditNote, Customer, Invoice
from webapp.billing.returning.left import CREDIT, counting, gone_of, settled
from webapp.billing.used_credit import Piece, Pieces
from webapp.money import Money


@dataclass(frozen=True)
class Waiting:
    """What no invoice has used. covered: credit notes gave it, and what was paid for it is still
    here; bare: the bank took that back since, or it was given back otherwise; other: it came
    otherwise than by a credit note."""

    covered: Money
    bare: Money
    other: Money


def waiting_of(customer: Customer, currency: str) -> Waiting:
    pieces = balance.pieces_of(customer, currency)
    ours = sum(piece.minor for piece in pieces.waiting if piece.note)
    other = sum(piece.minor for piece in pieces.waiting if not piece.note)
    givers = {note.invoice for note in _notes(pieces.waiting)}
    bare = sum(min(_uncovered(one, pieces), _waits(one, pieces)) for one in givers)
    return Waiting(Money(ours - bare, currency), Money(bare, currency), Money(other, currency))


def _uncovered(invoice: Invoice, pieces: Pieces) -> int:
    """Of the credit that an invoice gave, what went back of its payment too, or was paid with
    credit that nothing is behind."""
    given = sum(note.gross.minor for note in counting(invoice) if note.means == CREDIT)
    behind = settled(invoice).minor - _bare_of(pieces.used.get(invoice.stripe_id, []), pieces)
    return min(max(gone_of(invoice).minor + given - behind, 0), given)


def _bare_of(used: Iterable[Piece], pieces: Pieces) -> int:
    """What nobody has used yet is what is not covered first."""
    found = 0
    for piece in used:
        for note in _notes([piece]):
            short = _uncovered(note.invoice, pieces) - _waits(note.invoice, pieces)
            found += min(max(short, 0), piece.minor)
    return found


def _waits(invoice: Invoice, pieces: Pieces) -> int:
    theirs = {note.stripe_id for note in counting(invoice)}
    return sum(piece.minor for piece in pieces.waiting if piece.note in theirs)


def _notes(pieces: Iterable[Piece]) -> list[CreditNote]:
    found = (CreditNote.made_as(piece.note) for piece in pieces if piece.note)
    return [note for note in found if note]
