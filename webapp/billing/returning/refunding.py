"""Money and credit that go back by a rule of ours: never more than is left of the invoice."""

from __future__ import annotations

from webapp.billing.models import CreditNote, Invoice, Refund
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.billing.returning.left import (
    left_for_notes,
    left_of_payment,
    left_to_refund,
    settled,
)
from webapp.db import session
from webapp.money import Money


def refund(invoice: Invoice, amount: Money, reason: str, again: bool = False) -> None:
    """Write down that so much of an invoice's money goes back, as far as it is left, once for that
    reason. again: the caller has seen that it is another time, since the amount is what is left
    after those before.

    The engagement's lock is the caller's; the invoice's is taken here.
    """
    lock(invoice)
    # What pays a credit out was taken off what is left when that credit was given.
    most = left_of_payment if reason == CREDIT_PAID_OUT else left_to_refund
    Refund.intend(invoice, min(amount, most(invoice)), reason, again)


def give_back(invoice: Invoice, percent: int, reason: str, label: str) -> None:
    """Write down that a share of all that settled an invoice goes back, once for the reason: money
    to the payment, and what the client's credit had paid as credit again."""
    lock(invoice)
    if invoice.status != "paid":
        return
    refund(invoice, invoice.paid.percent(percent), reason)
    share = settled(invoice).percent(percent) - invoice.paid.percent(percent)
    credit = min(share, left_for_notes(invoice))
    if credit.minor > 0:
        CreditNote.give_again(invoice, credit, reason, label)


def lock(invoice: Invoice) -> None:
    """Until the transaction ends; what was read before may be stale by then, and is read anew."""
    session.flush()
    session.expire_all()
    session.refresh(invoice, with_for_update=True)
