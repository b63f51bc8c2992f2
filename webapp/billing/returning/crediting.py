"""Placing a credit: which final invoices it comes from, and what it will come to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from webapp import outbox
from webapp.billing import mirroring
from webapp.billing.calls import credit_notes, invoices
from webapp.billing.models import Bill, Credit, CreditNote, Invoice, Subscription
from webapp.billing.objects.document import Document
from webapp.billing.owing import lessening
from webapp.billing.returning import charged
from webapp.billing.returning.charged import Part
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp
from webapp.money import Money
from webapp.outbox import RetryLater

SOON = 600
SHORT = "{label}: {short} of it was not credited, since it had been given back before: look at it."


def place(credit_id: uuid.UUID) -> None:
    """Write down the credit notes that a credit is made of; each is sent by a job of its own.

    Raises RetryLater while an invoice that charged it is not final, or its payment is under way.
    """
    credit = session.get_one(Credit, credit_id)
    engagement = mirroring.locked(credit.engagement_id)
    session.refresh(credit, with_for_update=True)
    if credit.state != "intended" or engagement is None:
        return
    amount = lessening.lessen(credit) if credit.kind == "overage" else credit.amount
    Invoice.lock_of(engagement)
    parts = parts_of(credit, amount)
    if charged.sum_of(parts, credit.currency) < amount:
        _read_new_invoices(engagement)
        parts = parts_of(credit, amount)
    _wait_for_payment(parts)
    short = amount - charged.sum_of(parts, credit.currency)
    for part in parts:
        CreditNote.carry_out(credit, part.invoice, part.lines)
    credit.placed(short)
    if short:
        text = SHORT.format(label=credit.label, short=short.format())
        FollowUp.ask(engagement.id, f"credit:{credit.id}", text)
    close_later(engagement, str(credit.id))


def close_later(engagement: Engagement, because: str) -> None:
    """The account of an engagement that has ended waits for its credits."""
    if engagement.stage == "ended":
        key = f"billing.close_account:{engagement.id}:{because}"
        outbox.enqueue("billing.close_account", engagement.id, key=key)


def parts_of(credit: Credit, amount: Money) -> list[Part]:
    if credit.kind == "overage":
        return charged.of_items(credit.engagement, lessening.lines_of(credit), amount)
    if credit.starts and credit.ends:
        return charged.of_days(credit.engagement, credit.starts, credit.ends, amount)
    first = next(iter(with_deposit(credit.engagement)), None)
    return charged.of_deposit(first, amount) if first else []


def with_deposit(engagement: Engagement) -> list[Invoice]:
    """The paid invoices that took a deposit."""
    paid = Invoice.paid_of(engagement)
    return [one for one in paid if any(line.get("kind") == "deposit" for line in one.lines)]


def _wait_for_payment(parts: Sequence[Part]) -> None:
    """A debit under way is for the amount that was asked: less cannot be asked for meanwhile."""
    if any(part.invoice.processing for part in parts):
        raise RetryLater("the payment is under way", 6 * SOON)


def _read_new_invoices(engagement: Engagement) -> None:
    """A renewal was made that we have not heard of; it is a draft for an hour."""
    if Bill.unmade(engagement):
        raise RetryLater("an invoice of ours is not made yet", SOON)
    mirror = Subscription.of(engagement)
    for found in invoices.list_of(mirror.stripe_id) if mirror else ():
        if found.status == "draft":
            raise RetryLater("an invoice of Stripe's is not final yet", SOON)
        if Invoice.known(found.id) is None and any(line.amount for line in found.lines):
            mirroring.sync_invoice(engagement, found.id)


# -- as Stripe would make it -----------------------------------------------------------------------


def preview_params(parts: Sequence[Part]) -> list[Document]:
    """What to ask Stripe about each part, with no transaction open."""
    return [{"invoice": part.invoice.stripe_id, "lines": lines_of(part.lines)} for part in parts]


def lines_of(lines: Sequence[Document]) -> list[Document]:
    """Of an invoice taxed by Stripe, amounts are without tax, and it adds the tax.

    https://docs.stripe.com/api/credit_notes/create#create_credit_note-lines
    """
    return [
        {"type": "invoice_line_item", "invoice_line_item": one["id"], "amount": one["minor"]}
        for one in lines
    ]


def foreseen(asked: Sequence[Document], currency: str) -> Money:
    """What these notes would come to, tax included."""
    found = (credit_notes.preview(params).amount for params in asked)
    return sum(found, Money(0, currency))
