"""The page of an invoice: each share by what it is a share of, and all that was taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.sharing.conftest import (
    credited,
    give,
    later_invoice,
    line,
    moved,
    rows_of,
    send_all,
)
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.books.invoice_trace import trace
from webapp.billing.books.traced_shares import TracedShare
from webapp.billing.models import Invoice
from webapp.db import session
from webapp.money import Money

PaidInvoice = Callable[[int, int, Sequence[int]], Invoice]
SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def finance(app: object, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.person(Role.FINANCE))


def traced(invoice: Invoice) -> list[TracedShare]:
    """Its shares, its lines being of days."""
    now = clock.now().isoformat()
    invoice.lines = [{"starts": now, "ends": now, **row} for row in invoice.lines]
    session.commit()
    return trace(invoice).shares


def page(finance: FlaskClient, invoice: Invoice) -> str:
    traced(invoice)
    return visible(finance.get(f"/practice/money/invoices/{invoice.id}").text)


def test_two_shares_alike_are_told_apart_by_what_they_are_a_share_of(
    paid_invoice: PaidInvoice, finance: FlaskClient
) -> None:
    first = paid_invoice(10000, 0, [50])
    first.number = "RH-0001"
    note = credited(first, "retainer", 4000)
    note.number = "CN-0001"
    moved(first, -4000, used_by=f"in_later_{first.id.hex}")
    second = later_invoice(first, total_minor=8000, paid_minor=4000, balance_applied_minor=4000,
                           lines=[line("retainer", 8000)])  # fmt: skip
    own, from_credit = traced(second)
    assert (own.amount, from_credit.amount) == (Money(2000, "USD"), Money(2000, "USD"))
    shown = page(finance, second)
    assert "Of what was paid: 50% of $40.00" in shown
    assert "Of what credit paid (credit note CN-0001 on invoice RH-0001): 50% of $40.00" in shown
    before = page(finance, first)
    assert "For credit note CN-0001" in before and "-$20.00" in before


def test_what_was_taken_back_of_a_share_stands_under_it_with_what_became_of_it(
    paid_invoice: PaidInvoice, finance: FlaskClient
) -> None:
    """Called back, or a debt: what of that was set off, and what is still owed."""
    invoice = paid_invoice(10000, 0, [40, 20])
    send_all(invoice)
    give(invoice, 2500)
    lead, other = rows_of(invoice)
    [called], [debt] = lead.reversals, other.reversals
    called.state = "made"
    debt.becomes_debt()
    debt.settle(200)
    shares = traced(invoice)
    names = [row.name for row in shares]
    theirs, others = lead.consultant.name, other.consultant.name
    assert names == [theirs, f"Taken back of {theirs}", others, f"Taken back of {others}"]
    kept = [sum((row.amount for row in shares[at : at + 2]), Money(0, "USD")) for at in (0, 2)]
    assert kept == [Money(3000, "USD"), Money(1500, "USD")]
    shown = page(finance, invoice)
    assert f"Taken back of {theirs} For a refund Called back" in shown and "-$10.00" in shown
    assert "A debt $2.00 set off against later shares $3.00 still owed" in shown


def test_a_share_set_off_whole_says_so(paid_invoice: PaidInvoice, finance: FlaskClient) -> None:
    invoice = paid_invoice(10000, 0, [40])
    [row] = rows_of(invoice)
    row.set_off_minor = row.earned_minor
    row.drop()
    assert "Set off $40.00 set off against what was owed to the firm" in page(finance, invoice)
