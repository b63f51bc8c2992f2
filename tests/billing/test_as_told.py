"""How what is billed is told: the same on pages and in mails, with its code, its tax, its day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests import make
from tests.billing.conftest import Client, rows
from tests.billing.test_codes import code, use
from tests.billing.test_on_account import ask, invoiced
from tests.standin import visible
from webapp.billing.buying.order import month_day
from webapp.billing.models import Invoice
from webapp.billing.wording import discount_of, sums_of, told_sums
from webapp.db import session
from webapp.money import Money

__all__ = ["invoiced"]


def billed(**values: object) -> Invoice:
    """Not stored: what there is to tell of it."""
    lines = [{"text": "March", "minor": 500000}, {"text": "Nothing", "minor": 0}]
    defaults = {"discount_minor": 0, "tax_minor": 0, "currency": "USD", "lines": lines,
                "status": "open", "due_minor": 544500, "total_minor": 544500, "paid_minor": 0,
                "balance_applied_minor": 0}  # fmt: skip
    engagement = make.engagement("active")
    return Invoice(engagement_id=engagement.id, engagement=engagement, **(defaults | values))


def test_lines_discount_and_tax_add_up_and_the_code_is_named(app: object) -> None:
    invoice = billed(discount_minor=50000, tax_minor=94500)
    assert sums_of(invoice) == [
        ("March", Money(500000, "USD")),
        ("Discount", Money(-50000, "USD")),
        ("Tax", Money(94500, "USD")),
    ]
    invoice.engagement.terms.coupon_code = "SPRING"
    assert discount_of(invoice.engagement) == "Discount, code SPRING"
    assert told_sums(invoice)[1] == ("Discount, code SPRING", "-$500.00")


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 12, 8, 5, tzinfo=UTC), date(2026, 12, 8)),  # local midnight
        (datetime(2026, 12, 8, 4, tzinfo=UTC), date(2026, 12, 8)),  # of a summer's kick-off
        (datetime(2026, 6, 8, 5, tzinfo=UTC), date(2026, 6, 8)),  # of a winter's
        (datetime(2026, 12, 8, 3, tzinfo=UTC), date(2026, 12, 8)),  # two hours before
    ],
)
def test_a_months_day_is_the_local_one_whatever_the_clocks_have_done_since(
    app: object, instant: datetime, day: date
) -> None:
    engagement = make.engagement("active")
    engagement.company.time_zone = "America/New_York"
    assert month_day(engagement, instant) == day


def test_who_is_invoiced_reads_of_invoices_on_the_page_and_of_lines_in_the_mail(
    invoiced: Client,
) -> None:
    page = visible(invoiced.browser.get(invoiced.url("pay")).text)
    assert "is invoiced each month" in page and "It is payable within 30 days." in page
    assert "is charged" not in page
    ask(invoiced)
    invoiced.hear()
    [mail] = [text for text in invoiced.mails("Invoice ") if "Please pay it by" in text]
    assert "First month, " in mail and "Deposit: $1,000.00" in mail and "To pay: $6,000.00" in mail


def test_the_notice_of_a_month_says_what_makes_it_up(payer: Client) -> None:
    code(percent=10, months=None)
    use(payer)
    payer.start()
    payer.until(payer.renewal() - timedelta(days=4))
    [notice] = payer.mails("will be charged on")
    assert "COO, four days a month" in notice and "$5,000.00" in notice
    assert "Discount, code" in notice and "-$500.00" in notice and "$4,500.00" in notice


def test_the_pay_page_says_whether_a_bank_debit_is_possible_and_what_it_takes(
    payer: Client,
) -> None:
    page = visible(payer.browser.get(payer.url("pay")).text)
    assert "a debit from a bank account: that takes four to six working days" in page
    hold = payer.engagement.hold
    hold.starts_at -= timedelta(days=60)
    session.flush()
    page = visible(payer.browser.get(payer.url("pay")).text)
    assert "A bank debit could not arrive before a kick-off as near as this" in page
    session.rollback()
    assert rows(Invoice) == []
