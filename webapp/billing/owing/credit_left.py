"""Credit that no invoice will take any more goes back to the payments that the client made."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from webapp.billing import balance
from webapp.billing.models import CreditNote, Invoice, Refund
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.billing.returning.giving import contested, left_of_payment
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp
from webapp.money import Money

BY_HAND = ("Credit of {left} stands at Stripe, which no invoice will take any more and no payment "
           "can be refunded for: give it back by hand, or take it off.")  # fmt: skip


def pay_credit_out(engagement: Engagement) -> None:
    """Once no engagement of the company's goes on. Of what credit notes gave; what somebody gave
    in Stripe's dashboard was never paid for, and a person is asked about it.

    The engagement's lock is the caller's; the customer's is taken here.
    """
    customer = balance.sync_of(engagement.company_id)
    if customer is None or customer.credit_minor <= 0 or _others_go_on(engagement):
        return
    ours, other = balance.to_pay_out(customer, customer.credit.currency)
    left = ours - _on_its_way(engagement)
    for invoice, most in _payments(engagement):
        part = min(left, most, left_of_payment(invoice))
        if part.minor > 0:
            Refund.intend(invoice, part, CREDIT_PAID_OUT, again=True)
            left -= part
    if left.minor + other.minor > 0:
        text = BY_HAND.format(left=(left + other).format())
        FollowUp.ask(engagement.id, f"credit_left:{left.minor + other.minor}", text)


def _others_go_on(engagement: Engagement) -> bool:
    """Whether an invoice of another engagement of the company's can take it."""
    others = select(Engagement.id).where(
        Engagement.company_id == engagement.company_id, Engagement.id != engagement.id,
        Engagement.stage.not_in(("ended", "lost", "enquiry")),
    )  # fmt: skip
    return session.scalar(others.limit(1)) is not None


def _payments(engagement: Engagement) -> Iterator[tuple[Invoice, Money]]:
    """The company's invoices that were paid by a payment, the latest first, and how much may be
    taken of each: first those that gave the credit, no more than that; then any."""
    theirs = Invoice.engagement.has(company_id=engagement.company_id)
    rows = select(Invoice).where(theirs, Invoice.status == "paid", Invoice.paid_minor > 0,
                                 Invoice.out_of_band.is_(False),
                                 Invoice.currency == engagement.terms.currency)  # fmt: skip
    found = session.scalars(rows.order_by(Invoice.issued_at.desc(), Invoice.id)).all()
    free = [invoice for invoice in found if not contested(invoice)]
    yield from ((invoice, _credited(invoice)) for invoice in free)
    yield from ((invoice, invoice.paid) for invoice in free)


def _credited(invoice: Invoice) -> Money:
    """What an invoice gave as credit and did not pay out."""
    notes = (note for note in CreditNote.of(invoice) if note.state == "issued")
    given = sum(note.amount_minor for note in notes if note.means == "credit")
    out = (row for row in invoice.refunds if row.reason == CREDIT_PAID_OUT)
    paid_out = sum(row.amount_minor for row in out if row.state != "failed")
    return Money(given - paid_out, invoice.currency)


def _on_its_way(engagement: Engagement) -> Money:
    """What will be taken off the balance as soon as its refund is made."""
    rows = select(Refund).join(Refund.invoice).where(
        Refund.reason == CREDIT_PAID_OUT, Refund.state == "intended",
        Invoice.engagement.has(company_id=engagement.company_id),
    )  # fmt: skip
    waiting = (row.amount for row in session.scalars(rows))
    return sum(waiting, Money(0, engagement.terms.currency))
