"""Tables and pages add up, whatever paid an invoice, lessened it, or ended it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing import beancount_file
from tests.billing.conftest import Client, invoices
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.books.invoice_trace import trace
from webapp.billing.books.overview import overview
from webapp.billing.models import Invoice
from webapp.db import session
from webapp.money import Money
from webapp.web import firm_zone

SignIn = Callable[[Person], FlaskClient]
Row = dict[str, str]


@pytest.fixture
def lived(payer: Client) -> Client:
    """A client with credit that pays part of a month, a month that is lessened and then paid
    outside Stripe, one that is void, one that is written off, and one that is open."""
    payer.start()
    [first] = invoices()
    payer.stripe.api("POST", "credit_notes", invoice=first.stripe_id, amount=20000,
                     credit_amount=20000, memo="For the trouble")  # fmt: skip
    payer.hear()
    next_month(payer)
    payer.stripe.change_card(payer.card(), "generic_decline")
    owed = next_month(payer)
    payer.stripe.api("POST", "credit_notes", invoice=owed.stripe_id, amount=100000,
                     reason="order_change")  # fmt: skip
    payer.hear()
    invoices()[-1].settle_elsewhere("By wire", "Fay Finance")
    session.commit()
    payer.hear()
    for over in ("void", "mark_uncollectible"):
        payer.stripe.api("POST", f"invoices/{next_month(payer).stripe_id}/{over}")
        payer.hear()
    next_month(payer)
    return payer


def next_month(payer: Client) -> Invoice:
    payer.until(payer.renewal() + timedelta(hours=3), by=timedelta(days=11))
    payer.hear()
    return invoices()[-1]


@pytest.fixture
def finance(lived: Client, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.person(Role.FINANCE))


def table(finance: FlaskClient, kind: str) -> list[Row]:
    first, last = invoices()[0].issued_at, clock.now()
    asked = f"kind={kind}&first={first:%Y-%m}&last={last:%Y-%m}"
    answer = finance.get(f"/practice/money/export?{asked}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def whole(rows: Iterable[Row], *columns: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows for name in columns), Decimal(0))


def test_totals_are_what_was_credited_set_off_paid_and_is_due(finance: FlaskClient) -> None:
    rows = table(finance, "invoices")
    taken = ("credited", "from_credit", "paid", "written_off", "due")
    assert [(row["state"], *(row[name] for name in taken)) for row in rows] == [
        ("Paid", "0.00", "0.00", "6000.00", "0.00", "0.00"),
        ("Paid", "0.00", "200.00", "4800.00", "0.00", "0.00"),
        ("Paid", "1000.00", "0.00", "4000.00", "0.00", "0.00"),
        ("Void", "0.00", "0.00", "0.00", "0.00", "0.00"),
        ("Written off", "0.00", "0.00", "0.00", "5000.00", "0.00"),
        ("Overdue", "0.00", "0.00", "0.00", "0.00", "5000.00"),
    ]  # fmt: skip
    for row in rows:
        if row["state"] != "Void":
            assert whole([row], "total") == whole([row], *taken)


def test_void_invoice_is_due_nothing_and_the_rest_is_what_the_money_page_and_journal_say(
    finance: FlaskClient,
) -> None:
    due = whole(table(finance, "invoices"), "due")
    [line] = overview(firm_zone()).lines
    assert due == (line.due.amount + line.late.amount).major
    asked = f"first={invoices()[0].issued_at:%Y-%m}&last={clock.now():%Y-%m}"
    journal = finance.get(f"/practice/money/export?kind=journal&{asked}").text
    assert beancount_file.totals(beancount_file.read(journal))["Assets:Receivable", "USD"] == due
    assert [row.due for row in invoices() if row.status == "void"] == [Money(0, "USD")]


def test_payments_add_up_to_what_invoices_were_paid_those_outside_stripe_too(
    finance: FlaskClient,
) -> None:
    paid = table(finance, "payments")
    assert whole(paid, "amount") == whole(table(finance, "invoices"), "paid")
    [outside] = [row for row in paid if row["method"] == "outside Stripe"]
    assert (outside["amount"], outside["stripe_id"]) == ("4000.00", "")
    assert outside["invoice"] == invoices()[2].number
    assert [row["paid_at"] for row in paid] == sorted(row["paid_at"] for row in paid)


def test_credit_notes_say_what_they_credit_how_and_why(finance: FlaskClient) -> None:
    credit, lessened = table(finance, "credit_notes")
    first, _, third = invoices()[:3]
    assert (credit["means"], credit["amount"], credit["invoice"], credit["note"]) == (
        "credit", "200.00", first.number, "For the trouble",
    )  # fmt: skip
    assert (lessened["means"], lessened["amount"], lessened["invoice"], lessened["reason"]) == (
        "reduce", "1000.00", third.number, "order_change",
    )  # fmt: skip
    for row in (credit, lessened):
        assert whole([row], "net", "tax") == whole([row], "amount")
        assert row["number"] and row["stripe_id"] and date.fromisoformat(row["made_at"][:10])


def test_the_page_of_an_invoice_adds_up_to_what_is_open_and_says_whose_credit_paid(
    finance: FlaskClient,
) -> None:
    first, second, third, void, lost, last = invoices()
    for row in invoices():
        taken = [amount for _, amount in trace(row).settled]
        assert row.total - sum(taken, Money(0, row.currency)) == row.due
    pages = {
        row.id: visible(finance.get(f"/practice/money/invoices/{row.id}").text)
        for row in (second, third, void, lost, last)
    }
    [note] = trace(first).credit_notes
    told = "Total $5,000.00 Paid from their credit -$200.00 Paid -$4,800.00 Still open nothing"
    assert told in pages[second.id]
    source = f"The client’s credit: credit note {note.number} on invoice {first.number}"
    assert source in pages[second.id]
    told = "Credited while it was open -$1,000.00 Paid outside Stripe -$4,000.00 Still open nothing"
    assert told in pages[third.id]
    assert "Paid outside Stripe: By wire recorded by Fay Finance" in pages[third.id]
    assert "Total $5,000.00 Void -$5,000.00 Still open nothing" in pages[void.id]
    assert "Total $5,000.00 Still open $5,000.00 , written off" in pages[lost.id]
    assert "Total $5,000.00 Still open $5,000.00" in pages[last.id]
