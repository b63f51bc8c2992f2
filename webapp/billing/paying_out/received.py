"""What a paid invoice brought, read from our mirrors."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.billing.models import CreditNote, Dispute, Invoice, Payment, Refund
from webapp.billing.paying_out.sharing import Received
from webapp.money import Money

ARRIVED = frozenset({"pending", "succeeded"})
# Refunds whose reason begins so give a deposit back, which was never shared.
OF_DEPOSIT = "deposit"


def received_from(invoice: Invoice) -> Received:
    """The payment of the invoice itself, and what is known to have gone back of it."""
    paid = invoice.paid
    fees = (payment.fee or Money(0, invoice.currency) for payment in Payment.of(invoice))
    deposit = _of_kind(invoice, "deposit")
    return Received(
        paid=paid,
        tax=_paid_of(invoice, invoice.tax_minor),
        deposit=_paid_of(invoice, deposit),
        fee=_sum(fees, invoice),
        returned=_returned(invoice),
        deposit_returned=_sum(
            (one.amount for one in _refunds(invoice) if one.reason.startswith(OF_DEPOSIT)), invoice
        ),
    )


def applied_deposit(invoice: Invoice) -> Received | None:
    """The deposit that this invoice was reduced by: paid long before, earned only now."""
    amount = Money(-_of_kind(invoice, "deposit_applied"), invoice.currency)
    nothing = Money(0, invoice.currency)
    if amount <= nothing:
        return None
    return Received(amount, nothing, nothing, nothing, nothing, nothing)


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
    """Refunds, disputes lost, and what was given back outside Stripe. Credit on the client's
    balance is not: the invoice that uses it brings so much less."""
    refunds = (one.amount for one in _refunds(invoice) if not one.reason.startswith(OF_DEPOSIT))
    lost = (dispute.amount for dispute in Dispute.of(invoice) if dispute.lost)
    outside = (note.amount for note in notes_of(invoice) if note.means == "outside")
    return _sum([*refunds, *lost, *outside], invoice)


def notes_of(invoice: Invoice) -> list[CreditNote]:
    """Those that count."""
    return [note for note in CreditNote.of(invoice) if note.counts]


def _sum(amounts: Iterable[Money], invoice: Invoice) -> Money:
    return sum(amounts, Money(0, invoice.currency))
