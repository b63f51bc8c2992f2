"""The job that makes a credit note, and what follows from a refund.

Every refund made here gets its credit note, once it has arrived. A bare refund leaves the invoice
saying that it was paid in full: the client's books, and the tax on it, would be wrong. The refund
goes first and the note names it, so that money never waits for paper, and a note is never made for
money that did not go. https://docs.stripe.com/invoicing/integration/programmatic-credit-notes
"""

from __future__ import annotations

import uuid

from webapp import audit, outbox
from webapp.billing import balance, mirroring
from webapp.billing import stripe_gateway as gateway
from webapp.billing.calls import credit_notes
from webapp.billing.models import CreditNote, Refund
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.billing.objects.document import Document
from webapp.billing.paying_out.planning import settle
from webapp.billing.returning.crediting import close_later, lines_of
from webapp.db import session

# How a credit note on a paid invoice says where the money goes.
NO_PAPER = frozenset({"dashboard", CREDIT_PAID_OUT})
AMOUNT_BY_MEANS = {"credit": "credit_amount", "outside": "out_of_band_amount"}


def make_credit_note(note_id: uuid.UUID) -> None:
    """Send an intended note, unless Stripe lists it as made: an answer may have been lost."""
    note = session.get_one(CreditNote, note_id)
    engagement = mirroring.locked(note.invoice.engagement_id)
    session.refresh(note, with_for_update=True)
    if note.state != "intended" or engagement is None:
        return
    invoice = note.invoice.stripe_id
    try:
        found = credit_notes.find(invoice, note.idempotency_key)
        note.take(found or credit_notes.make(_params(note), note.call_key))
    except gateway.Faulted:
        note.try_again()
        return
    except gateway.KeyReused:
        raise
    except gateway.Bug as reason:
        note.fail(str(reason))
        close_later(engagement, f"{note.id}:failed")
        return
    audit.record("credit_note.issued", note, minor=note.amount_minor)
    session.flush()
    mirroring.sync_invoice(engagement, invoice)


def follow_credit_note(note_id: uuid.UUID) -> None:
    """It is made, or void: the shares of what was given back go with it; the client's credit is
    read anew; an account that waited for it is closed."""
    note = session.get_one(CreditNote, note_id)
    mirroring.locked(note.invoice.engagement_id)
    if note.means in AMOUNT_BY_MEANS:
        settle(note.invoice_id, f"credit_note:{note.id}")
    engagement = note.invoice.engagement
    if note.means == "credit":
        balance.sync_of(engagement.company_id)
        outbox.enqueue_again("billing.preview_upcoming", engagement.id)
    close_later(engagement, str(note.id))


def _params(note: CreditNote) -> Document:
    ours = {"credit_note": note.idempotency_key, "engagement": str(note.invoice.engagement_id)}
    params: Document = {"invoice": note.invoice.stripe_id, "metadata": ours} | _what(note)
    if note.note:
        params["memo"] = note.note
    if note.reason:
        params["reason"] = note.reason
    if note.refund:
        amount = {"refund": note.refund.stripe_id, "amount_refunded": note.amount_minor}
        params["refunds"] = [amount]
    return params


def _what(note: CreditNote) -> Document:
    """Lines, or an amount with its tax; and where it goes, unless it only lessens what is due."""
    if not note.lines:
        amount = {"amount": note.amount_minor}
        means = AMOUNT_BY_MEANS.get(note.means)
        return amount | ({means: note.amount_minor} if means else {})
    lines: Document = {"lines": lines_of(note.lines)}
    if note.refund or note.invoice.status == "open":
        return lines
    asked = lines | {"invoice": note.invoice.stripe_id}
    return lines | {"credit_amount": credit_notes.preview(asked).amount.minor}


def follow_refund(refund_id: uuid.UUID, state: str) -> None:
    """A refund is on its way, has arrived, or has failed: shares, papers and mails follow."""
    refund = session.get_one(Refund, refund_id)
    if state == "failed" and refund.reason == CREDIT_PAID_OUT:
        balance.put_back(refund)
    settle(refund.invoice_id, f"refund:{refund.id}", restore=state == "failed")
    key = f"billing.sync_payments:{refund.id}:{state}"
    outbox.enqueue("billing.sync_payments", refund.invoice_id, key=key)
    if state == "succeeded" and refund.reason not in NO_PAPER:
        CreditNote.for_refund(refund)
    outbox.enqueue("billing.tell_refund", refund.id, state)
