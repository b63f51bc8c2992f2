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
from webapp.billing.models import BalanceEntry, Customer, Refund
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


def take_off(refund: Refund) -> None:
    """Before credit is paid out, it is taken off the balance, once: no invoice can use it then.

    Raises Gone when less is left of it.
    """
    customer = sync_of(refund.invoice.engagement.company_id)
    if customer is None:
        raise Gone
    ours = refund.idempotency_key
    made = balances.entries(customer.stripe_id)
    if any(entry.metadata.get("refund") == ours for entry in made):
        return
    if customer.credit < refund.amount:
        raise Gone
    balances.take_off(customer.stripe_id, refund.amount, {"refund": ours}, f"{ours}:balance")
    audit.record("balance.paid_out", refund, minor=refund.amount_minor)
    sync(customer)


def used_by(customer: Customer, stripe_invoice: str, currency: str) -> list[tuple[str, Money]]:
    """The credit that paid (a part of) an invoice: (Stripe's credit note, or '', amount), the
    oldest credit being used first."""
    waiting: list[tuple[str, int]] = []
    used: list[tuple[str, Money]] = []
    for entry in BalanceEntry.of(customer.id, currency):
        if entry.credit_minor > 0:
            waiting.append((entry.stripe_note, entry.credit_minor))
            continue
        spent, waiting = _spend(waiting, -entry.credit_minor)
        if entry.stripe_invoice == stripe_invoice:
            used += [(note, Money(minor, currency)) for note, minor in spent]
    return used


def _spend(
    waiting: list[tuple[str, int]], minor: int
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """(what was used, what is left) of credits, the oldest first."""
    spent, left = [], []
    for note, credit in waiting:
        part = min(credit, minor)
        minor -= part
        spent += [(note, part)] if part else []
        left += [(note, credit - part)] if credit > part else []
    return spent, left
