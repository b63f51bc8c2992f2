"""Tables for the accountant: whole, exact, and nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests import make
from tests.billing import beancount_file
from tests.billing.conftest import Client, invoices, rows
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.billing.books.exports import FORMULA, TABLES, cell, csv_text
from webapp.billing.models import Payment
from webapp.db import session
from webapp.money import Money

SignIn = Callable[[Person], FlaskClient]


def table(finance: FlaskClient, kind: str, month: date) -> list[dict[str, str]]:
    answer = finance.get(f"/practice/money/export?kind={kind}&first={month:%Y-%m}")
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="{kind}-{month:%Y-%m}.csv"'
    )
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_every_table_holds_its_rows_with_exact_amounts(payer: Client, sign_in: SignIn) -> None:
    engagement = payer.start()
    engagement.company.name = '=HYPERLINK("http://evil.example")'
    session.commit()
    payment = payer.stripe.objects("charge")[-1]["payment_intent"]
    payer.stripe.api("POST", "refunds", payment_intent=payment, amount=12345)
    payer.hear()
    finance = sign_in(make.person(Role.FINANCE))
    [invoice], month = invoices(), invoices()[0].issued_at.date()
    [row] = table(finance, "invoices", month)
    assert row["client"] == '\'=HYPERLINK("http://evil.example")'
    assert Decimal(row["total"]) == invoice.total.major and row["currency"] == "USD"
    assert datetime.fromisoformat(row["issued_at"]) == invoice.issued_at.replace(microsecond=0)
    lines = table(finance, "lines", month)
    assert sum(Decimal(line["amount"]) for line in lines) == invoice.subtotal.major
    assert {line["kind"] for line in lines} == {"first_month", "deposit"}
    [paid] = table(finance, "payments", month)
    assert Decimal(paid["amount"]) == invoice.paid.major
    assert Decimal(paid["refunded"]) == Decimal("123.45")
    [back] = table(finance, "refunds", month)
    assert Decimal(back["amount"]) == Decimal("123.45")
    [fee] = table(finance, "fees", month)
    assert Decimal(fee["gross"]) == Decimal(fee["fee"]) + Decimal(fee["net"])
    assert Decimal(fee["fee"]) == Money(rows(Payment)[0].fee_minor, "USD").major
    assert table(finance, "payouts", month) == table(finance, "credit_notes", month) == []
    assert len([one for one in rows(AuditEvent) if one.action == "books.exported"]) == 7


def test_another_month_is_empty_but_for_its_head(payer: Client, sign_in: SignIn) -> None:
    payer.start()
    finance = sign_in(make.person(Role.FINANCE))
    for kind, (head, _) in TABLES.items():
        text = finance.get(f"/practice/money/export?kind={kind}&first=2020-01&last=2020-03").text
        assert text.strip().split(",") == head.split()


def test_the_journal_leaves_as_a_file_that_is_read_back(payer: Client, sign_in: SignIn) -> None:
    payer.start()
    coordinator = sign_in(make.person(Role.COORDINATOR))
    [invoice] = invoices()
    last = invoice.issued_at + timedelta(days=95)
    asked = f"kind=journal&first={invoice.issued_at:%Y-%m}&last={last:%Y-%m}"
    answer = coordinator.get(f"/practice/money/export?{asked}")
    assert answer.headers["Content-Disposition"].endswith('.beancount"')
    sums = beancount_file.totals(beancount_file.read(answer.text))
    assert sums["Assets:Receivable", "USD"] == 0
    assert -sums["Liabilities:Deposits", "USD"] == Decimal("1000.00")
    assert -sums["Income:Retainers", "USD"] == Decimal("5000.00")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("kind=everything", "Not a valid choice"),
        ("kind=invoices&first=November", "Write the month as 2026-11."),
        ("kind=invoices&first=2026-13", "Write the month as 2026-11."),
        ("kind=lines&first=2026-11&last=2026-10", "not before the first"),
    ],
)
def test_what_cannot_be_exported_is_told_beside_its_field(
    app: object, sign_in: SignIn, asked: str, told: str
) -> None:
    finance = sign_in(make.person(Role.FINANCE))
    answer = finance.get(f"/practice/money/export?{asked}")
    assert answer.status_code == 422 and told in answer.text


@given(st.text(max_size=40))
def test_no_text_begins_as_a_formula_and_none_is_lost(text: str) -> None:
    shown = cell(text)
    assert not shown.startswith(FORMULA)
    assert shown.removeprefix("'") == text.removeprefix("'")
    [row] = list(csv.reader(io.StringIO("".join(csv_text([[text, "end"]])), newline="")))
    assert row == [shown, "end"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Money(-500, "USD"), "-5.00"), (Money(500, "JPY"), "500"), (Money(1230, "KWD"), "1.230"),
        (datetime(2026, 11, 3, 4, 5, 6, tzinfo=UTC), "2026-11-03T04:05:06Z"),
        (date(2026, 11, 3), "2026-11-03"), (None, ""), (7, "7"),
    ],
)  # fmt: skip
def test_amounts_are_exact_and_dates_iso(value: object, written: str) -> None:
    assert cell(value) == written
