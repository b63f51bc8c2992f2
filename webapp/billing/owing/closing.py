"""Closing an engagement's account: the final invoice, the deposit set off, the rest given back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from webapp import audit
from webapp.billing import balance, mirroring
from webapp.billing.calls import items, previews
from webapp.billing.models import (
    Bill,
    Credit,
    CreditNote,
    Customer,
    Invoice,
    InvoiceItem,
    Refund,
    Subscription,
)
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.billing.owing import deposit
from webapp.billing.owing.asking import params_of
from webapp.billing.owing.bills import bill_now
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.outbox import RetryLater

HOUR = 3600


def close_account(engagement_id: uuid.UUID) -> None:
    """After the end: the deposit is set off against a final invoice of what waits; what is left of
    it, and credit that no invoice can take any more, goes back once nothing is open. One step at a
    time, each put in line by the one before; safe to call again.

    Raises RetryLater while Stripe is still putting an invoice of this engagement together.
    """
    engagement = mirroring.locked(engagement_id)
    if engagement is None or engagement.stage != "ended":
        return
    _wait_for_stripe(engagement)
    waiting = InvoiceItem.pending_of(engagement)
    if waiting and not _under_way(engagement):
        deposit.set_off(engagement, _to_pay(engagement, waiting), "final")
    if _under_way(engagement):
        return
    if waiting:
        bill_now(engagement, "final invoice", waiting)
    _give_back(engagement)


def _under_way(engagement: Engagement) -> bool:
    """Whether a credit is not made yet: once it is, we are called again."""
    session.flush()
    credits = Credit.of(engagement)
    states = [one.state for one in credits]
    states += [note.state for note in CreditNote.of_credits(credits)]
    return "intended" in states


def _to_pay(engagement: Engagement, waiting: Sequence[InvoiceItem]) -> Money:
    """What a final invoice of these would ask for, with tax, once the client's credit is used."""
    customer = Customer.of(engagement.company_id)
    assert customer is not None
    asked, ids = [params_of(item) for item in waiting], {str(item.id) for item in waiting}
    currency = engagement.terms.currency
    found = previews.of_items(customer.stripe_id, currency, asked)
    ours = (line.amount + line.tax for line in found.lines if line.item in ids)
    credit = customer.credit_minor if customer.credit_currency == currency else 0
    return sum(ours, Money(-max(0, credit), currency))


def _wait_for_stripe(engagement: Engagement) -> None:
    """No invoice of the subscription's may come to be, or be unfinished, while we close."""
    mirror = Subscription.of(engagement)
    if mirror and not mirror.over:
        mirroring.sync_subscription(engagement, mirror.stripe_id)
        if not mirror.over:
            raise RetryLater("the subscription has not ended yet", HOUR)
    for item in InvoiceItem.pending_of(engagement):
        there = items.read(item.stripe_id) if item.stripe_id else None
        if there and there.invoice:
            raise RetryLater(f"an invoice of Stripe's took {item.key} and is not final yet", HOUR)


def _give_back(engagement: Engagement) -> None:
    """Once nothing is owed any more; what was never paid is kept of the deposit."""
    if _open(engagement) or Bill.unmade(engagement):
        return
    left, taken = deposit.left_of(engagement), deposit.paid_with(engagement)
    kept = sum(row.due_minor for row in _of(engagement, "uncollectible"))
    back = Money(left.minor - kept, left.currency)
    if taken and back.minor > 0:
        Refund.intend(taken, back, deposit.REASON)
    _pay_credit_out(engagement)
    audit.record("account.closed", engagement, deposit_back=max(0, back.minor), kept=kept)


def _pay_credit_out(engagement: Engagement) -> None:
    """Credit that no invoice of the company's can take any more, from the payments it came from:
    the latest first, since the oldest credit is used first."""
    customer = balance.sync_of(engagement.company_id)
    if customer is None or customer.credit_minor <= 0 or _others_go_on(engagement):
        return
    left = customer.credit - _on_its_way(engagement)
    for invoice in _that_gave_credit(engagement):
        part = min(left, _credited(invoice))
        if part.minor > 0:
            Refund.intend(invoice, part, CREDIT_PAID_OUT)
            left -= part


def _others_go_on(engagement: Engagement) -> bool:
    """Whether an invoice of another engagement of the company's can take it."""
    others = select(Engagement.id).where(
        Engagement.company_id == engagement.company_id, Engagement.id != engagement.id,
        Engagement.stage.not_in(("ended", "lost", "enquiry")),
    )  # fmt: skip
    return session.scalar(others.limit(1)) is not None


def _that_gave_credit(engagement: Engagement) -> list[Invoice]:
    theirs = Invoice.engagement.has(company_id=engagement.company_id)
    notes = select(CreditNote.invoice_id).where(
        CreditNote.state == "issued", CreditNote.means == "credit"
    )
    rows = select(Invoice).where(theirs, Invoice.id.in_(notes))
    return list(session.scalars(rows.order_by(Invoice.issued_at.desc())))


def _credited(invoice: Invoice) -> Money:
    """What an invoice gave as credit and did not pay out."""
    notes = (note for note in CreditNote.of(invoice) if note.state == "issued")
    given = sum(note.amount_minor for note in notes if note.means == "credit")
    return Money(given, invoice.currency) - _paid_out(invoice)


def _paid_out(invoice: Invoice) -> Money:
    out = (row for row in invoice.refunds if row.reason == CREDIT_PAID_OUT)
    return sum((row.amount for row in out if row.state != "failed"), Money(0, invoice.currency))


def _on_its_way(engagement: Engagement) -> Money:
    """What will be taken off the balance as soon as its refund is made."""
    rows = select(Refund).join(Refund.invoice).where(
        Refund.reason == CREDIT_PAID_OUT, Refund.state == "intended",
        Invoice.engagement.has(company_id=engagement.company_id),
    )  # fmt: skip
    waiting = (row.amount for row in session.scalars(rows))
    return sum(waiting, Money(0, engagement.terms.currency))


def _open(engagement: Engagement) -> bool:
    return bool(_of(engagement, "open"))


def _of(engagement: Engagement, status: str) -> list[Invoice]:
    rows = select(Invoice).where(Invoice.engagement_id == engagement.id, Invoice.status == status)
    return list(session.scalars(rows))
