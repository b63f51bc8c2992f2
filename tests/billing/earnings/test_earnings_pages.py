"""A consultant's earnings: what waits and why, and a statement for each month."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests import make
from tests.billing.conftest import rows
from tests.billing.earnings.conftest import (
    NOVEMBER,
    SignIn,
    engaged,
    invoice_of,
)
from tests.counting import counting
from tests.standin import visible
from webapp import clock
from webapp.accounts.models import Person
from webapp.billing.models import Transfer, TransferReversal
from webapp.billing.paying_out import statement_mails
from webapp.billing.paying_out.statements import WORKED_OUT
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement
from webapp.notifications.models import EmailMessage


def test_nothing_earned_yet_is_said(consultant: Consultant, sign_in: SignIn) -> None:
    page = visible(sign_in(consultant.person).get("/earnings").text)
    assert "Nothing earned yet" in page and "Set up the account you are paid into" in page


def test_a_consultant_sees_what_waits_and_why_and_only_their_own(
    consultant: Consultant, sign_in: SignIn
) -> None:
    engagement = engaged(consultant)
    invoice_of(engagement)
    other = make.consultant()
    hidden = engaged(other)
    invoice_of(hidden)
    page = visible(sign_in(consultant.person).get("/earnings").text)
    assert engagement.company and engagement.company.name in page
    assert "$2,000.00" in page and "until the account can receive money" in page
    assert hidden.company and hidden.company.name not in page
    theirs = visible(sign_in(other.person).get("/earnings").text)
    assert engagement.company.name not in theirs


def test_earnings_ask_the_database_as_often_for_thirty_shares_as_for_one(
    consultant: Consultant, sign_in: SignIn
) -> None:
    browser = sign_in(consultant.person)
    engagement = engaged(consultant)
    invoice_of(engagement)
    browser.get("/earnings")
    with counting() as few:
        browser.get("/earnings")
    for _ in range(29):
        invoice_of(engagement)
    with counting() as many:
        assert browser.get("/earnings").status_code == 200
    assert len(many) == len(few) <= 16


def test_practice_payouts_ask_as_often_for_ten_consultants_as_for_one(
    consultant: Consultant, owner: Person, sign_in: SignIn
) -> None:
    browser = sign_in(owner)
    invoice_of(engaged(consultant))
    browser.get("/practice/payouts")
    with counting() as few:
        browser.get("/practice/payouts")
    for _ in range(9):
        invoice_of(engaged(make.consultant()))
    with counting() as many:
        assert browser.get("/practice/payouts").status_code == 200
    assert len(many) == len(few) <= 12


def november(consultant: Consultant, set_clock: Callable[[datetime], None]) -> Engagement:
    """Earned, sent and half taken back in November; earned again in December."""
    engagement = engaged(consultant)
    set_clock(NOVEMBER)
    [row] = Transfer.of(invoice_of(engagement).id)
    row.state, row.amount_minor, row.sent_at, row.stripe_id = "sent", 200000, clock.now(), "tr_1"
    set_clock(NOVEMBER + timedelta(days=5))
    made = TransferReversal(transfer=row, minor=50000, cause="refund:x", state="made", attempt=0,
                            settled_minor=0, created_at=clock.now(), made_at=clock.now(),
                            stripe_id="trr_1")  # fmt: skip
    make.saved(made)
    set_clock(datetime(2026, 12, 1, 4, 30, tzinfo=UTC))  # 30 November, 23:30 in New York
    invoice_of(engagement, 100000)
    set_clock(datetime(2026, 12, 1, 14, tzinfo=UTC))
    invoice_of(engagement, 200000)
    return engagement


def test_a_statement_adds_up_by_the_consultants_own_calendar(
    consultant: Consultant, sign_in: SignIn, set_clock: Callable[[datetime], None]
) -> None:
    november(consultant, set_clock)
    browser = sign_in(consultant.person)
    page = visible(browser.get("/earnings/months/2026-11").text)
    assert "Earnings in November 2026" in page and "Called back from your account" in page
    assert "Owed to you at the end – $400.00" in page  # the share of 30 November, not yet sent
    lines = list(csv.reader(io.StringIO(browser.get("/earnings/months/2026-11.csv").text)))
    amounts = [(line[1], line[-2]) for line in lines[1:]]
    assert amounts == [
        ("opening balance", "0.00"), ("earned", "2000.00"), ("sent", "-2000.00"),
        ("taken_back", "-500.00"), ("returned", "500.00"), ("earned", "400.00"),
        ("closing balance", "400.00"),
    ]  # fmt: skip
    december = visible(browser.get("/earnings/months/2026-12").text)
    assert "Owed to you before – $400.00" in december and "$1,200.00" in december
    pdf = browser.get("/earnings/months/2026-11.pdf")
    assert pdf.data.startswith(b"%PDF-") and pdf.content_type == "application/pdf"
    assert 'filename="earnings-2026-11.pdf"' in pdf.headers["Content-Disposition"]
    listed = browser.get("/earnings").text
    assert "/earnings/months/2026-12" in listed and "/earnings/months/2026-11" in listed


def test_each_share_says_what_it_was_worked_out_from(
    consultant: Consultant, sign_in: SignIn
) -> None:
    """Page, list and CSV: what was paid, what of it is not shared, the percentage, the result."""
    lines = [{"text": "Month", "minor": 500000, "kind": "retainer"},
             {"text": "Deposit", "minor": 150000, "kind": "deposit"}]  # fmt: skip
    invoice_of(engaged(consultant), 750000, lines=lines, tax_minor=100000)
    browser, month = sign_in(consultant.person), f"{clock.now():%Y-%m}"
    sums = "40% of $5,000.00 $7,500.00 paid, less $1,000.00 tax, less $1,500.00 deposit"
    assert sums in visible(browser.get("/earnings").text)
    page = visible(browser.get(f"/earnings/months/{month}").text)
    assert f"Your share: {sums}" in page and "$2,000.00" in page
    [row] = list(csv.DictReader(io.StringIO(browser.get(f"/earnings/months/{month}.csv").text)))[
        1:-1
    ]
    assert {name: row[name] for name in (*WORKED_OUT, "amount")} == {
        "paid": "7500.00", "tax": "1000.00", "deposit": "1500.00", "given_back": "0.00",
        "base": "5000.00", "share_percent": "40", "cut_by_stripes_fee": "0.00",
        "amount": "2000.00",
    }  # fmt: skip
    assert browser.get(f"/earnings/months/{month}.pdf").data.startswith(b"%PDF-")


def test_a_share_that_stripes_fee_cut_says_by_how_much(
    consultant: Consultant, sign_in: SignIn
) -> None:
    """All of it is shared, and Stripe kept a part: every figure to check the sum is told."""
    engagement = engaged(consultant, percent=55)
    other = make.consultant()
    make.saved(Assignment(engagement=engagement, consultant=other, leads=False, share_percent=45))
    lines = [{"text": "Month", "minor": 720000, "kind": "retainer"},
             {"text": "Deposit", "minor": 150000, "kind": "deposit"}]  # fmt: skip
    invoice_of(engagement, 870000, fee_minor=25260, lines=lines)
    page = visible(sign_in(consultant.person).get("/earnings").text)
    assert "55% of $7,200.00 $8,700.00 paid, less $1,500.00 deposit" in page
    assert (
        "$138.93 less: all shares together, 100% of it, may be no more than the $6,947.40 that"
        " Stripe’s fee of $252.60 leaves of it; this one is 55/100 of that"
    ) in page
    assert "$3,821.07" in page
    assert "never more than Stripe’s fee leaves of that" in page
    theirs = visible(sign_in(other.person).get("/earnings").text)
    assert "$113.67 less" in theirs and "45/100 of that" in theirs and "$3,126.33" in theirs


@pytest.mark.parametrize(
    "month", ["2099-01", "2026-13", "november", "2026-1", "2026-11-01", "9999999", "2026-11.exe"]
)
def test_no_such_month(consultant: Consultant, sign_in: SignIn, month: str) -> None:
    assert sign_in(consultant.person).get(f"/earnings/months/{month}").status_code == 404


def test_an_empty_month_says_so(consultant: Consultant, sign_in: SignIn) -> None:
    page = visible(sign_in(consultant.person).get("/earnings/months/2020-01").text)
    assert "Nothing moved in January 2020" in page


def test_a_client_named_like_a_formula_is_text_in_the_spreadsheet(
    consultant: Consultant, sign_in: SignIn
) -> None:
    invoice_of(engaged(consultant, company=make.company(name="=HYPERLINK(1)")))
    month = f"{clock.now():%Y-%m}"
    text = sign_in(consultant.person).get(f"/earnings/months/{month}.csv").text
    assert "'=HYPERLINK(1)" in text


def test_statement_is_mailed_once_on_the_first_in_the_morning_of_the_consultants_zone(
    consultant: Consultant, set_clock: Callable[[datetime], None], drain: Callable[[], int]
) -> None:
    november(consultant, set_clock)
    for hour in (8, 12, 14, 20):  # New York is five hours behind
        set_clock(datetime(2026, 12, 1, hour, tzinfo=UTC))
        statement_mails.plan()
        session.commit()
        drain()
        sent = [mail for mail in rows(EmailMessage) if mail.kind == "payout_statement"]
        assert len(sent) == (1 if hour >= 14 else 0)
    [mail] = sent
    assert "Your earnings in November 2026" in mail.subject and mail.recipient == (
        consultant.person.email
    )  # fmt: skip
    assert "Owed to you at the end: $400.00" in mail.text
    assert "your share of money that went back to the client" in mail.text
    named = next(line for line in mail.text.splitlines() if ", invoice " in line)
    assert named.endswith(": -$500.00")
    assert "Some of it waits" in mail.text  # no account is set up, and something is owed


def test_a_statement_of_which_nothing_is_owed_says_of_nothing_that_it_waits(
    consultant: Consultant, set_clock: Callable[[datetime], None]
) -> None:
    engagement = engaged(consultant)
    set_clock(NOVEMBER)
    [row] = Transfer.of(invoice_of(engagement).id)
    row.state, row.amount_minor, row.sent_at, row.stripe_id = "sent", 200000, clock.now(), "tr_1"
    session.commit()
    statement_mails.send(consultant.id, f"{NOVEMBER:%Y-%m}")
    session.commit()
    [mail] = [mail for mail in rows(EmailMessage) if mail.kind == "payout_statement"]
    assert "Owed to you at the end: $0.00" in mail.text
    assert "Some of it waits" not in mail.text and "went back" not in mail.text
