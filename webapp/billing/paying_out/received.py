"""What a paid invoice brought, read from our mirrors."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.billing.balance import used_by
from webapp.billing.models import CreditNote, Customer, Dispute, Invoice, Payment, Refund
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.billing.paying_out.sharing import Received
from webapp.money import Money

ARRIVED = frozenset({"pending", "succeeded"})
# Refunds whose reason begins so give a deposit back, which was never shared.
OF_DEPOSIT = "deposit"


def received_from(invoice: Invoice) -> Received:
    """The payment of the invoice itself, and what is known to have gone back of it."""
    fees = (payment.fee or Money(0, invoice.currency) for payment in Payment.of(invoice))
    deposit = _of_kind(invoice, "deposit")
    credits = _credits_of_days(invoice)
    return Received(
        paid=invoice.paid,
        tax=_paid_of(invoice, invoice.tax_minor),
        deposit=_paid_of(invoice, deposit),
        fee=_sum(fees, invoice),
        returned=_returned(invoice),
        deposit_returned=_sum(
            (one.amount for one in _refunds(invoice) if one.reason.startswith(OF_DEPOSIT)), invoice
        ),
        unearned=_sum((note.net for note in credits), invoice),
        unearned_whole=_sum((note.amount for note in credits), invoice),
    )


def credits_used(invoice: Invoice) -> list[tuple[Payment | None, Received]]:
    """The work of an invoice that the client's credit paid for, by the payment that had brought
    the money; less what was credited of this invoice beyond its own payment.

    Credit that no credit note of ours gave has no payment behind it, and is nobody's share.
    """
    customer = Customer.of(invoice.engagement.company_id)
    if invoice.balance_applied_minor <= 0 or customer is None:
        return []
    used = used_by(customer, invoice.stripe_id, invoice.currency)
    beyond = _unearned_beyond(invoice)
    found = []
    for note, amount in used:
        work = _work_of(invoice, amount)
        kept = max(work - beyond, Money(0, invoice.currency))
        beyond -= work - kept
        given = CreditNote.made_as(note) if note else None
        found.append(_brought(given, kept))
    return found


def _brought(given: CreditNote | None, amount: Money) -> tuple[Payment | None, Received]:
    if given is None:
        return None, _plain(amount * 0)
    return next(iter(Payment.of(given.invoice)), None), _plain(amount)


def _plain(amount: Money) -> Received:
    nothing = Money(0, amount.currency)
    return Received(amount, nothing, nothing, nothing, nothing, nothing, nothing, nothing)


def _work_of(invoice: Invoice, amount: Money) -> Money:
    """The part of a sum that pays for work, on an invoice with tax."""
    work = invoice.total_minor - invoice.tax_minor - _of_kind(invoice, "deposit")
    return amount.prorate(work, invoice.total_minor)


def _unearned_beyond(invoice: Invoice) -> Money:
    """What was credited of its days and is more than what its own payment paid of them."""
    work = _paid_of(invoice, invoice.total_minor - invoice.tax_minor - _of_kind(invoice, "deposit"))
    unearned = _sum((note.net for note in _credits_of_days(invoice)), invoice)
    return max(unearned - work, Money(0, invoice.currency))


def _credits_of_days(invoice: Invoice) -> list[CreditNote]:
    """Onto the balance: what lessened an open invoice was never paid."""
    notes = (note for note in notes_of(invoice) if note.means == "credit" and note.lines)
    return [note for note in notes if note.stripe_id and not note.of_deposit]


def _paid_of(invoice: Invoice, minor: int) -> Money:
    """The part of a sum on the invoice that was paid in money, not by credit of before."""
    whole, paid = invoice.total_minor, min(invoice.paid_minor, invoice.total_minor)
    sum_of_it = Money(minor, invoice.currency)
    return sum_of_it.prorate(paid, whole) if 0 <= paid < whole else sum_of_it


def _of_kind(invoice: Invoice, kind: str) -> int:
    return sum(line["minor"] for line in invoice.lines if line.get("kind") == kind)


def _refunds(invoice: Invoice) -> list[Refund]:
    return [refund for refund in invoice.refunds if refund.state in ARRIVED]


def _returned(invoice: Invoice) -> Money:
    """Refunds, disputes lost, what was given back outside Stripe, and credit of an amount: what it
    pays for later is shared then. Credit that is paid out was counted when it was given."""
    refunds = (one.amount for one in _refunds(invoice) if not _apart(one))
    lost = (dispute.amount for dispute in Dispute.of(invoice) if dispute.lost)
    given = (
        note.amount for note in notes_of(invoice)
        if note.means in {"outside", "credit"} and not note.lines
    )  # fmt: skip
    return _sum([*refunds, *lost, *given], invoice)


def _apart(refund: Refund) -> bool:
    return refund.reason.startswith(OF_DEPOSIT) or refund.reason == CREDIT_PAID_OUT


def notes_of(invoice: Invoice) -> list[CreditNote]:
    """Those that count."""
    return [note for note in CreditNote.of(invoice) if note.counts]


def _sum(amounts: Iterable[Money], invoice: Invoice) -> Money:
    return sum(amounts, Money(0, invoice.currency))
