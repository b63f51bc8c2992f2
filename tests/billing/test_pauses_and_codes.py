"""Pauses of a month that a code made cheaper, or that was never paid: what goes back is what was
paid, and the preview says it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.billing.agreeing import agree
from tests.billing.changing import bigger, credits, pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows
from tests.billing.owed import balance
from tests.billing.test_pauses import HOURS, paused, second_month, until
from tests.billing.test_taxes import pay_from, taxed  # noqa: F401 - a fixture
from tests.standin import visible
from webapp.accounts.models import Person
from webapp.billing.changing import pause_preview, plan
from webapp.billing.models import Coupon, CreditNote, Invoice
from webapp.db import session
from webapp.engagements.models import FollowUp
from webapp.money import Money

DAY = timedelta(days=1)


def half_price(payer: Client) -> None:
    engagement, code = payer.engagement, Coupon(code="HALF", percent=50)
    session.add(code)
    session.flush()
    code.apply(engagement)
    session.commit()


def test_m39_second_pause_in_the_month_of_a_resume_gives_back_what_the_code_left_to_pay(
    payer: Client,
) -> None:
    half_price(payer)
    engagement = second_month(payer)
    first, second = engagement.month_around(engagement.today)
    third = engagement.month_after(second)
    paused(payer, first + 8 * DAY, second + 5 * DAY)
    until(payer, second + 5 * DAY)
    again = payer.engagement.today + 8 * DAY
    paused(payer, again, third + 3 * DAY)
    until(payer, again)
    payer.hear()
    credit = credits()[-1]
    days = (third - second).days
    assert abs(credit.amount_minor - 250000 * (third - again).days / days) < 1
    assert credit.short_minor == 0 and rows(FollowUp) == [] and failed_jobs() == []


def test_change_of_plan_in_the_month_of_a_resume_is_reckoned_with_the_code(payer: Client) -> None:
    half_price(payer)
    engagement = second_month(payer)
    first, second = engagement.month_around(engagement.today)
    third = engagement.month_after(second)
    paused(payer, first + 8 * DAY, second + 5 * DAY)
    until(payer, second + 7 * DAY)
    engagement = payer.engagement
    asked = plan.charge_for(engagement, bigger(engagement), engagement.today)
    left, days = (third - engagement.today).days, (third - second).days
    assert abs(asked.minor - 100000 * left / days) < 2


# -- months that were not paid ---------------------------------------------------------------------


def unpaid_second_month(payer: Client) -> Invoice:
    under_way(payer)
    payer.stripe.change_card(payer.card(), "generic_decline")
    pass_time(payer, payer.renewal() + HOURS)
    owed = invoices()[-1]
    assert owed.status == "open"
    return owed


@pytest.mark.parametrize("how", ["void", "mark_uncollectible"])
def test_month_that_is_not_paid_any_more_gives_nothing_back(payer: Client, how: str) -> None:
    owed = unpaid_second_month(payer)
    payer.stripe.api("POST", f"invoices/{owed.stripe_id}/{how}")
    payer.hear()
    today = payer.engagement.today
    shown = pause_preview.outline(payer.engagement, today, today + 40 * DAY)
    assert (shown.credit, shown.certain) == (Money(0, "USD"), True)
    paused(payer, today, today + 40 * DAY)
    payer.hear()
    assert credits() == [] and balance() == 0
    assert not [row for row in rows(FollowUp) if "not credited" in row.text]
    agree(payer)


def test_days_of_a_month_still_open_are_not_asked_for_and_never_paid_out(payer: Client) -> None:
    owed = unpaid_second_month(payer)
    engagement = payer.engagement
    starts, ends = engagement.today, engagement.month_after(engagement.today)
    paused(payer, starts, ends)
    payer.hear()
    [note] = rows(CreditNote)
    first = engagement.month_around(starts)[0]
    unused = round(500000 * (ends - starts).days / (ends - first).days)
    assert (note.means, note.amount_minor, note.invoice_id) == ("reduce", unused, owed.id)
    assert invoices()[-1].due == Money(500000 - unused, "USD") and balance() == 0
    assert refunds() == []
    agree(payer)


# -- the preview -----------------------------------------------------------------------------------


def test_pause_preview_with_a_code_is_what_is_given_and_charged(
    payer: Client, sign_in: Callable[[Person], FlaskClient], coordinator: Person
) -> None:
    half_price(payer)
    engagement = second_month(payer)
    month = engagement.month_around(engagement.today)
    starts, ends = month[0] + 10 * DAY, month[0] + 20 * DAY
    shown = pause_preview.outline(engagement, starts, ends)
    page = page_of(payer, sign_in(coordinator), starts, ends)
    assert f"-{shown.credit.format()}" in page and shown.charge.format() in page
    before = len(invoices())
    paused(payer, starts, ends)
    until(payer, ends)
    payer.hear()
    [note] = rows(CreditNote)
    assert (note.amount, shown.credit_tax) == (shown.credit, Money(0, "USD"))
    [charged] = invoices()[before:]  # on that day
    assert charged.total == shown.charge


def test_pause_preview_of_a_month_to_come_foresees_the_code(payer: Client) -> None:
    half_price(payer)
    engagement = second_month(payer)
    starts = engagement.month_after(engagement.today) + 10 * DAY
    month = engagement.month_around(starts)
    shown = pause_preview.outline(engagement, starts, month[1])
    days = (month[1] - month[0]).days
    assert shown.credit == Money(250000, "USD").prorate((month[1] - starts).days, days)
    assert not shown.certain


def test_pause_preview_with_tax_says_what_comes_back_to_the_cent(
    taxed: Callable[..., Client],  # noqa: F811 - the fixture
    sign_in: Callable[[Person], FlaskClient],
    coordinator: Person,
) -> None:
    payer = taxed("DE")
    pay_from(payer, "DE")
    engagement = under_way(payer)
    starts = engagement.today
    ends = engagement.month_after(starts)
    shown = pause_preview.outline(engagement, starts, ends)
    page = page_of(payer, sign_in(coordinator), starts, ends)
    whole = shown.credit + shown.credit_tax
    assert f"With its tax, {whole.format()} comes back" in page
    paused(payer, starts, ends)
    payer.hear()
    [note] = rows(CreditNote)
    assert note.amount == whole and shown.credit_tax.minor == note.tax_minor > 0
    agree(payer)


def page_of(payer: Client, browser: FlaskClient, starts: object, ends: object) -> str:
    typed = {"starts": starts, "ends": ends, "reason": "Closed"}
    answer = browser.post(f"/engagements/{payer.engagement.id}/pause", data=typed)
    assert answer.status_code == 200, visible(answer.text)
    return visible(answer.text)
