"""Credit notes."""

from __future__ import annotations

from webapp.billing.objects.credit_note import StripeCreditNote
from webapp.billing.objects.document import Document
from webapp.billing.stripe_gateway import ask, keyed


def make(params: Document, key: str) -> StripeCreditNote:
    return StripeCreditNote.read(ask(lambda v1: v1.credit_notes.create(params, keyed(key))))


def preview(params: Document) -> StripeCreditNote:
    """What a note would come to, tax included; nothing is made.

    https://docs.stripe.com/api/credit_notes/preview
    """
    return StripeCreditNote.read(ask(lambda v1: v1.credit_notes.preview(params)))


def read(note: str) -> StripeCreditNote:
    return StripeCreditNote.read(ask(lambda v1: v1.credit_notes.retrieve(note)))


def find(invoice: str, key: str) -> StripeCreditNote | None:
    """The note of an invoice that was made under one of our keys."""
    params = {"invoice": invoice, "limit": 100}
    found = ask(lambda v1: v1.credit_notes.list(params))["data"]
    notes = map(StripeCreditNote.read, found)
    return next((note for note in notes if note.metadata.get("credit_note") == key), None)
