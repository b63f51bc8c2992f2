"""Credit that no invoice will take any more goes back to the payments that the client made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from webapp.billing import balance
from webapp.billing.models import CreditNote, Invoice, Refund
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.billing.returning.covering import Waiting, waiting_of
from webapp.billing.returning.left import contested, left_of_payment
from webapp.billing.returning.refunding import refund
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp
from webapp.money import Money

BY_HAND = ("Credit of {left} stands at Stripe, which no invoice will take any more and no payment "
           "can be refunded for: give it back by hand, or take it off.")  # fmt: skip
BARE = ("Credit of {left} stands at Stripe, and what was paid for it is not here any more: the "
        "bank took it back, or it was refunded otherwise. Take it off, unless the client is to "
        "have it all the same.")  # fmt: skip


def pay_credit_out(engagement: Engagement) -> None:
    """Once no engagement of the company's goes on. Of what credit notes gave, and only while what
    was paid for it is here; about the rest, and what somebody gave in Stripe's dashboard, a person
    is asked.

    The engagement's lock is the caller's; the invoices' and the customer's are taken here.
    """
    if _others_go_on(engagement):
        return
    paid = _locked(engagement)
    customer = balance.sync_of(engagement.company_id)
    if customer is None or customer.credit_minor <= 0:
        return
    waiting = waiting_of(customer, customer.credit.currency)
    left = waiting.covered - _on_its_way(engagement)
    free = [one for one in paid if not (contested(one) or _papers_coming(one))]
    for invoice, most in _payments(free):
        part = min(left, most, left_of_payment(invoice))
        if part.minor > 0:
            refund(invoice, part, CREDIT_PAID_OUT, again=True)
            left -= part
    if not any(map(_papers_coming, paid)):
        _ask(engagement, waiting, left)


def _ask(engagement: Engagement, waiting: Waiting, left: Money) -> None:
    by_hand = left + waiting.other
    if by_hand.minor > 0:
        text = BY_HAND.format(left=by_hand.format())
        FollowUp.ask(engagement.id, f"credit_left:{by_hand.minor}", text)
    if waiting.bare:
        text = BARE.format(left=waiting.bare.format())
        FollowUp.ask(engagement.id, f"credit_bare:{waiting.bare.minor}", text)


def _others_go_on(engagement: Engagement) -> bool:
    """Whether an invoice of another engagement of the company's can take it."""
    others = select(Engagement.id).where(
        Engagement.company_id == engagement.company_id, Engagement.id != engagement.id,
        Engagement.stage.not_in(("ended", "lost", "enquiry")),
    )  # fmt: skip
    return session.scalar(others.limit(1)) is not None


def _locked(engagement: Engagement) -> Sequence[Invoice]:
    """The company's invoices that were paid by a payment, the latest first."""
    theirs = Invoice.engagement.has(company_id=engagement.company_id)
    rows = select(Invoice).where(theirs, Invoice.status == "paid", Invoice.paid_minor > 0,
                                 Invoice.out_of_band.is_(False),
                                 Invoice.currency == engagement.terms.currency)  # fmt: skip
    session.flush()
    session.expire_all()
    found = session.scalars(rows.order_by(Invoice.id).with_for_update()).all()
    return sorted(found, key=lambda one: one.issued_at, reverse=True)


def _papers_coming(invoice: Invoice) -> bool:
    """Credit that is paid out is a refund that no credit note names, and Stripe takes such refunds
    off what the notes of an invoice may come to: the notes to other refunds go first."""
    return any(row.wants_paper and _on_the_way(CreditNote.of_refund(row))
               for row in invoice.refunds)  # fmt: skip


def _on_the_way(paper: CreditNote | None) -> bool:
    return paper is None or paper.state == "intended"


def _payments(free: Sequence[Invoice]) -> Iterator[tuple[Invoice, Money]]:
    """How much may be taken of each: first of those that gave the credit, no more than that; then
    of any."""
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
