"""A client's credit at Stripe: mirrored entry by entry, and taken off when it is paid out.

It is one a customer: what one engagement of a company was credited, the next invoice of any of its
engagements takes. https://docs.stripe.com/billing/customer/balance
"""

from __future__ import annotations

import uuid
from itertools import takewhile

from sqlalchemy import select

from webapp import audit
from webapp.billing.calls import balances, customers
from webapp.billing.models import BalanceEntry, CreditNote, Customer, Invoice, Refund
from webapp.billing.used_credit import Pieces
from webapp.db import session
from webapp.money import Money


class Gone(Exception):
    """An invoice has used the credit meanwhile."""


def sync_of(company_id: uuid.UUID | None) -> Customer | None:
    rows = select(Customer).where(Customer.company_id == company_id).with_for_update()
    customer = session.scalar(rows.execution_options(populate_existing=True))
    if customer:
        sync(customer)
    return customer


def sync(customer: Customer) -> None:
    """Read what is new of the ledger, and what it comes to; one at a time for a customer."""
    found = customers.read(customer.stripe_id)
    if found.deleted:
        return
    known = BalanceEntry.known(customer.id)
    listed = balances.entries(customer.stripe_id)
    fresh = list(takewhile(lambda one: one.id not in known, listed))
    for number, entry in enumerate(reversed(fresh), start=len(known) + 1):
        BalanceEntry.keep(customer.id, entry, number)
    customer.credit_minor, customer.credit_currency = found.credit, found.currency


# -- paying it out ---------------------------------------------------------------------------------


def take_off(refund: Refund) -> None:
    """Before credit is paid out, it is taken off the balance, once: no invoice can use it then.

    Raises Gone when less is left of it.
    """
    customer = sync_of(refund.invoice.engagement.company_id)
    if customer is None:
        raise Gone
    if _moved(customer, refund) < 0:
        return
    if customer.credit < refund.amount:
        raise Gone
    _move(customer, refund, -refund.amount, "balance")
    audit.record("balance.paid_out", refund, minor=refund.amount_minor)


def put_back(refund: Refund) -> None:
    """A refund that was to pay credit out has failed: the client has the credit again, once."""
    customer = sync_of(refund.invoice.engagement.company_id)
    if customer and _moved(customer, refund) < 0:
        _move(customer, refund, refund.amount, "back")
        audit.record("balance.put_back", refund, minor=refund.amount_minor)


def _moved(customer: Customer, refund: Refund) -> int:
    """What a refund has moved of the balance so far; below nothing while it is taken off."""
    ours = [row for row in BalanceEntry.of(customer.id, refund.currency)
            if row.refund == refund.idempotency_key]  # fmt: skip
    return sum(row.credit_minor for row in ours)


def _move(customer: Customer, refund: Refund, credit: Money, how: str) -> None:
    ours = refund.idempotency_key
    balances.move(customer.stripe_id, credit, {"refund": ours}, f"{ours}:{how}")
    sync(customer)


# -- whose credit paid what ------------------------------------------------------------------------


def pieces_of(customer: Customer, currency: str) -> Pieces:
    return Pieces(BalanceEntry.of(customer.id, currency))


def used_by(invoice: Invoice) -> list[tuple[str, Money]]:
    """The credit that paid (a part of) an invoice: (Stripe's credit note, or '', amount)."""
    customer = Customer.of(invoice.engagement.company_id)
    if customer is None:
        return []
    used = pieces_of(customer, invoice.currency).used.get(invoice.stripe_id, [])
    return [(piece.note, Money(piece.minor, invoice.currency)) for piece in used]


def payers_with(invoice: Invoice) -> list[uuid.UUID]:
    """The invoices of the company's that were paid from credit that this one had given."""
    customer = Customer.of(invoice.engagement.company_id)
    given = {note.stripe_id for note in CreditNote.of(invoice) if note.means == "credit"}
    if customer is None or not given:
        return []
    used = pieces_of(customer, invoice.currency).used.items()
    named = [name for name, pieces in used if given & {piece.note for piece in pieces}]
    rows = select(Invoice.id).where(Invoice.stripe_id.in_(named), Invoice.id != invoice.id)
    return list(session.scalars(rows.order_by(Invoice.id)))
