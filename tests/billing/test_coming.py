"""What the money page foresees for thirty days is what is then charged, codes, credit and pauses
counted."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.billing.changing import pass_time
from tests.billing.conftest import Client, failed_jobs, invoices
from tests.billing.test_pauses import paused, second_month, until
from tests.billing.test_pauses_and_codes import half_price
from webapp import clock
from webapp.billing.books.overview import Sum, overview
from webapp.money import Money
from webapp.web import firm_zone

DAY = timedelta(days=1)


def foreseen() -> Sum:
    [line] = overview(firm_zone()).lines
    return line.upcoming


def charged_since(at: datetime) -> Sum:
    paid = [row.paid for row in invoices() if row.issued_at >= at and row.paid_minor > 0]
    return Sum(len(paid), sum(paid, Money(0, "USD")))


def month_by_month(payer: Client) -> tuple[Sum, Sum]:
    """(foreseen, charged) of the next thirty days."""
    told, at = foreseen(), clock.now()
    pass_time(payer, at + 30 * DAY)
    payer.hear()
    assert failed_jobs() == []
    return told, charged_since(at)


def test_a_renewal_is_foreseen_after_its_code_and_the_clients_credit(payer: Client) -> None:
    half_price(payer)
    second_month(payer)
    first = invoices()[0]
    payer.stripe.api("POST", "credit_notes", invoice=first.stripe_id, amount=20000,
                     credit_amount=20000)  # fmt: skip
    payer.hear()
    pass_time(payer, clock.now() + 4 * DAY)
    told, charged = month_by_month(payer)
    assert told == charged == Sum(1, Money(230000, "USD"))


def test_who_is_paused_and_resumes_by_then_is_foreseen_too_less_their_credit(
    payer: Client,
) -> None:
    """The rest of the month at once, then the next month; the days that were credited pay first."""
    half_price(payer)
    engagement = second_month(payer)
    _, second = engagement.month_around(engagement.today)
    starts, ends = second - 4 * DAY, second + 6 * DAY
    paused(payer, starts, ends)
    until(payer, ends - 3 * DAY)
    payer.hear()
    assert payer.engagement.stage == "paused"
    told, charged = month_by_month(payer)
    assert told == charged and told.count == 2 and told.amount.minor > 250000


def test_a_pause_that_is_planned_takes_its_days_out_of_what_is_foreseen(payer: Client) -> None:
    engagement = second_month(payer)
    _, second = engagement.month_around(engagement.today)
    until(payer, second - 9 * DAY)
    paused(payer, second - 2 * DAY, second + 40 * DAY)
    told, charged = month_by_month(payer)
    assert (told.count, charged.count) == (0, 0)
