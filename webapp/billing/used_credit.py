"""Which credit paid which invoice: the oldest first, over a balance's entries. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol


class Entry(Protocol):
    """One movement of a balance; see BalanceEntry."""

    credit_minor: int
    stripe_note: str
    stripe_invoice: str
    refund: str


class Piece(NamedTuple):
    """A part of what a credit note gave (note: Stripe's id), or '' for what came otherwise."""

    note: str
    minor: int


class Pieces:
    """waiting: what no invoice has used yet, the oldest first; used: by Stripe's id of an invoice,
    or the key of a refund that paid it out; owed: by how much the balance is below nothing."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.waiting: list[Piece] = []
        self.used: dict[str, list[Piece]] = {}
        self.owed = 0
        for entry in entries:
            self._give(entry) if entry.credit_minor > 0 else self._use(entry)

    def _give(self, entry: Entry) -> None:
        """New credit, or used credit that comes back, since an invoice was voided or a refund has
        failed; what is owed takes of it first."""
        back = self.used.pop(entry.stripe_invoice or entry.refund, [])
        paid = min(self.owed, entry.credit_minor - sum(piece.minor for piece in back))
        self.owed -= paid
        new = entry.credit_minor - paid - sum(piece.minor for piece in back)
        self.waiting = [*back, *self.waiting, *_some(Piece(entry.stripe_note, new))]

    def _use(self, entry: Entry) -> None:
        by = entry.stripe_invoice or entry.refund
        taken = list(self._taken(-entry.credit_minor, _first_for(entry)))
        if by:
            self.used[by] = [*self.used.get(by, []), *taken]
        self.owed += -entry.credit_minor - sum(piece.minor for piece in taken)

    def _taken(self, minor: int, first: Callable[[Piece], bool]) -> Iterator[Piece]:
        left: dict[int, Piece] = dict(enumerate(self.waiting))
        for place, piece in sorted(left.items(), key=lambda one: not first(one[1])):
            part = min(piece.minor, minor)
            minor -= part
            left[place] = Piece(piece.note, piece.minor - part)
            yield from _some(Piece(piece.note, part))
        self.waiting = [piece for piece in left.values() if piece.minor]


def _first_for(entry: Entry) -> Callable[[Piece], bool]:
    """A note that is voided takes its own credit back; a refund pays out what notes gave; what is
    taken off by hand is what came by hand."""
    if entry.stripe_note:
        return lambda piece: piece.note == entry.stripe_note
    if entry.refund:
        return lambda piece: bool(piece.note)
    if entry.stripe_invoice:
        return lambda _piece: True
    return lambda piece: not piece.note


def _some(piece: Piece) -> Iterator[Piece]:
    if piece.minor > 0:
        yield piece
