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
from webapp.engagements.models import Engagement, FollowUp

# How a credit note on a paid invoice says where the money goes.
AMOUNT_BY_MEANS = {"credit": "credit_amount", "outside": "out_of_band_amount"}
REFUSED = ("A credit note of {amount} on invoice {number}, {what}, could not be made: {why}. Make "
           "it again on the invoice's page, or see to it otherwise.")  # fmt: skip
WHAT = {"reduce": "by which less is due", "refund": "the paper to a refund",
        "credit": "credit for the next invoices", "outside": "given outside Stripe"}  # fmt: skip
PAID = "the invoice was paid meanwhile: give it back as credit or to the card"


def make_credit_note(note_id: uuid.UUID) -> None:
    """Send an intended note, unless Stripe lists it as made: an answer may have been lost. It is
    made by what Stripe says of the invoice at that moment."""
    note = session.get_one(CreditNote, note_id)
    engagement = mirroring.locked(note.invoice.engagement_id)
    session.refresh(note, with_for_update=True)
    if note.state != "intended" or engagement is None:
        return
    found = credit_notes.find(note.invoice.stripe_id, note.idempotency_key)
    mirroring.sync_invoice(engagement, note.invoice.stripe_id)
    if found is None and not _still_possible(note):
        return
    asked = note.invoice.status
    try:
        note.take(found or credit_notes.make(_params(note), note.call_key))
    except gateway.Faulted:
        note.try_again()
        return
    except gateway.KeyReused:
        raise
    except gateway.Bug as reason:
        mirroring.sync_invoice(engagement, note.invoice.stripe_id)
        if note.invoice.status != asked:
            note.try_again()
        else:
            note.fail(str(reason))
        return
    audit.record("credit_note.issued", note, minor=note.amount_minor)
    session.flush()
    mirroring.sync_invoice(engagement, note.invoice.stripe_id)


def _still_possible(note: CreditNote) -> bool:
    """What was to lessen an invoice that was paid meanwhile: days that are not used are credit for
    the next one instead; a person's decision is theirs to take anew."""
    if note.means == "reduce" and note.invoice.status == "paid":
        if note.credit is None:
            note.fail(PAID)
        else:
            note.give_as_credit()
    return note.state == "intended"


def follow_credit_note(note_id: uuid.UUID) -> None:
    """It is made, void, or refused: the shares of what was given back go with it; the client's
    credit is read anew; an account that waited for it is closed; a refusal is told."""
    note = session.get_one(CreditNote, note_id)
    mirroring.locked(note.invoice.engagement_id)
    engagement = note.invoice.engagement
    if note.state == "failed":
        _ask_about(note)
    if note.means in AMOUNT_BY_MEANS:
        settle(note.invoice_id, f"credit_note:{note.id}", restore=note.state == "failed")
    if note.means == "credit":
        balance.sync_of(engagement.company_id)
        outbox.enqueue_again("billing.preview_upcoming", engagement.id)
    close_later(engagement, f"{note.id}:{note.state}:{note.attempt}")


def _ask_about(note: CreditNote) -> None:
    text = REFUSED.format(amount=note.amount.format(), number=note.invoice.number,
                          what=WHAT[note.means], why=note.failure)  # fmt: skip
    FollowUp.ask(note.invoice.engagement_id, note.refused_as, text)
    outbox.enqueue("billing.tell_credit_note", note.id, note.attempt)


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
    settle(refund.invoice_id, f"refund:{refund.id}", restore=state == "failed")
    if state == "failed" and refund.reason == CREDIT_PAID_OUT:
        balance.put_back(refund)
    if state == "failed" and refund.reason != CREDIT_PAID_OUT:
        _pay_credit_out(refund.invoice.engagement, refund)
    key = f"billing.sync_payments:{refund.id}:{state}"
    outbox.enqueue("billing.sync_payments", refund.invoice_id, key=key)
    if state == "succeeded" and refund.wants_paper:
        CreditNote.for_refund(refund)
    outbox.enqueue("billing.tell_refund", refund.id, state)


def _pay_credit_out(engagement: Engagement, refund: Refund) -> None:
    """Credit that is to be paid out waited for the paper to this refund, which never comes."""
    if engagement.stage == "ended":
        key = f"billing.pay_credit_out:{refund.id}"
        outbox.enqueue("billing.pay_credit_out", engagement.id, key=key)
