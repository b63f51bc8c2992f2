"""Changes of plan: what is shown is what is charged, and each thing once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from tests.billing.changing import (
    bigger,
    confirmed,
    credits,
    firm,
    items,
    pass_time,
    quoted,
    smaller,
    under_way,
)
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from tests.standin import StandIn
from webapp.billing.buying.order import Order, midnight
from webapp.billing.changing import following, quoting
from webapp.billing.changing.quoting import QuoteStale
from webapp.billing.models import Coupon, CreditNote
from webapp.db import session, transaction
from webapp.engagements.models import ChangeRefused, Engagement, RetainerPeriod, TermsChange
from webapp.money import Money

HOURS = timedelta(hours=3)


def days_left(engagement: Engagement) -> tuple[int, int]:
    """What is left of the month by the calendar, counted here by hand: (days, of)."""
    today = engagement.today
    month = engagement.kick_off_on
    number = 0
    while True:
        number += 1
        following_month = _months_on(engagement.kick_off_on, number)
        if following_month > today:
            return (following_month - today).days, (following_month - month).days
        month = following_month


def _months_on(anchor: date, months: int) -> date:
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(index, 12)
    for day in range(anchor.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, anchor.day)


def share(minor: int, left: int, days: int) -> int:
    """Rounded as a largest remainder of two shares: half goes to the days left."""
    return (2 * minor * left + days) // (2 * days)


def test_m27_upgrade_in_the_first_month_is_invoiced_as_previewed(payer: Client) -> None:
    engagement = under_way(payer, days=10)
    by, offered = firm(), bigger(engagement)
    quote = quoted(engagement, offered, engagement.today, by)
    left, days = days_left(engagement)
    assert quote.amount_minor == share(700000, left, days) - share(500000, left, days)
    quoting.confirm(quote, by, "More work")
    session.commit()
    payer.hear()
    assert failed_jobs() == []
    bill = invoices()[-1]
    assert (bill.status, bill.total) == ("paid", quote.total)
    assert subscription().price_minor == 700000
    assert payer.engagement.terms.name == offered.name
    assert [change.kind for change in rows(TermsChange)] == ["upgrade"]


def test_m27_upgrade_mid_period_preview_equals_invoice_to_the_cent_and_renews_at_the_new_price(
    payer: Client,
) -> None:
    engagement = under_way(payer)
    pass_time(payer, payer.renewal() + timedelta(days=11))
    engagement = payer.engagement
    quote = confirmed(engagement, bigger(engagement), engagement.today, firm())
    payer.hear()
    left, days = days_left(payer.engagement)
    assert quote.amount_minor == share(700000, left, days) - share(500000, left, days)
    assert invoices()[-1].total == quote.total
    pass_time(payer, payer.renewal() + HOURS)
    assert invoices()[-1].total == Money(700000, "USD")
    assert quote.monthly_part("total") == invoices()[-1].total
    assert [line["kind"] for line in invoices()[-1].lines] == ["retainer"]


@pytest.mark.parametrize(
    "begun", [datetime(2027, 3, 1, 9, tzinfo=UTC), datetime(2028, 1, 17, 9, tzinfo=UTC)],
    ids=["clocks go forward in the month", "kick-off on the 31st"],
)  # fmt: skip
def test_m27_months_of_any_length_are_counted_by_whole_local_days(
    begin: Callable[..., Client],
    stripe: StandIn,
    set_clock: Callable[[datetime], None],
    begun: datetime,
) -> None:
    set_clock(begun)
    stripe.advance(begun)
    payer = begin()
    engagement = under_way(payer, days=5)
    quote = confirmed(engagement, bigger(engagement), engagement.today, firm())
    payer.hear()
    left, days = days_left(payer.engagement)
    assert quote.amount_minor == share(700000, left, days) - share(500000, left, days)
    assert invoices()[-1].total == quote.total


def test_m27_with_a_coupon_what_it_took_off_is_taken_off_the_change_too(payer: Client) -> None:
    offered = bigger(payer.engagement)  # sold already when the code is made known to Stripe
    session.add(Coupon(code="HELLO20", percent=20, months=6))
    session.commit()
    assert payer.browser.post(payer.url("code"), data={"code": "HELLO20"}).status_code == 303
    engagement = under_way(payer, days=10)
    quote = confirmed(engagement, session.merge(offered), engagement.today, firm())
    payer.hear()
    left, days = days_left(payer.engagement)
    assert quote.amount_minor == share(560000, left, days) - share(400000, left, days)
    assert invoices()[-1].total == quote.total == quote.amount
    assert Order.of(payer.engagement).second_month == Money(560000, "USD")
    assert rows(Coupon)[0].uses == 1
    pass_time(payer, payer.renewal() + HOURS)
    assert invoices()[-1].total == quote.monthly_part("total") == Money(560000, "USD")


def test_m27_with_tax_preview_and_invoice_have_the_same_tax(
    begin: Callable[..., Client], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer = begin(currency="EUR")
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], stripe_tax=True))
    payer.stripe.control("rules", country="DE", registered=[])
    payer.engagement.company.country = "DE"  # type: ignore[union-attr]
    session.commit()
    try:
        assert payer.stripe.pay(payer.to_checkout(), country="DE").status_code == 303
        payer.hear()
        engagement = under_way(payer, days=10)
        quote = confirmed(engagement, bigger(engagement), engagement.today, firm())
        payer.hear()
    finally:
        payer.stripe.control("rules", country="US", registered=[])
    bill = invoices()[-1]
    assert quote.tax.minor == round(quote.amount_minor * 19 / 100) > 0
    assert (bill.total, bill.tax) == (quote.total, quote.tax)
    assert quote.monthly_part("total") == Money(833000, "EUR")


def test_m27_confirmed_twice_is_one_change_and_one_item_that_is_known_by_it(payer: Client) -> None:
    engagement, by = under_way(payer), firm()
    quote = quoted(engagement, bigger(engagement), engagement.today, by)
    for _ in range(2):
        quoting.confirm(quote, by, "More work")
        session.commit()
    [change], [item] = rows(TermsChange), items()
    assert item.key == f"proration:{change.id}"


def test_upgrade_from_the_next_month_charges_nothing_now(payer: Client) -> None:
    engagement = under_way(payer)
    start = engagement.month_after(engagement.today)
    quote = confirmed(engagement, bigger(engagement), start, firm())
    payer.hear()
    assert (quote.amount_minor, len(invoices()), items()) == (0, 1, [])
    assert payer.engagement.terms.price_minor == 500000
    pass_time(payer, payer.renewal() + HOURS)
    assert invoices()[-1].total == Money(700000, "USD")
    assert payer.engagement.terms.price_minor == 700000


def test_m28_downgrade_at_once_credits_once_also_when_the_job_runs_five_times(
    payer: Client,
) -> None:
    payer_engagement = under_way_past_minimum(payer)
    quote = confirmed(payer_engagement, smaller(payer_engagement), payer_engagement.today, firm())
    left, days = days_left(payer_engagement)
    assert quote.amount_minor == share(300000, left, days) - share(500000, left, days)
    payer.hear()
    [change] = rows(TermsChange)
    for _ in range(5):
        with transaction():
            following.follow_plan(change.id)
        payer.hear()
    [credit], [note] = credits(), rows(CreditNote)
    assert (credit.state, credit.amount_minor) == ("placed", -quote.amount_minor)
    assert (note.state, note.amount) == ("issued", -quote.total)
    before = len(invoices())
    pass_time(payer, payer.renewal() + HOURS)
    renewal = invoices()[-1]
    assert len(invoices()) == before + 1
    assert (renewal.total.minor, renewal.balance_applied) == (300000, -quote.total)
    assert renewal.paid.minor == 300000 + quote.total.minor
    assert payer.stripe.of("invoiceitem", payer.engagement.id) == []


def test_m28_with_tax_the_credit_takes_its_tax_back_as_previewed(
    begin: Callable[..., Client], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer = begin(currency="EUR")
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], stripe_tax=True))
    payer.stripe.control("rules", country="DE", registered=[])
    payer.engagement.company.country = "DE"  # type: ignore[union-attr]
    session.commit()
    try:
        assert payer.stripe.pay(payer.to_checkout(), country="DE").status_code == 303
        payer.hear()
        engagement = under_way_past_minimum(payer)
        quote = confirmed(engagement, smaller(engagement), engagement.today, firm())
        payer.hear()
        pass_time(payer, payer.renewal() + HOURS)
    finally:
        payer.stripe.control("rules", country="US", registered=[])
    assert quote.tax.minor == -round(-quote.amount_minor * 19 / 100) < 0
    [note] = rows(CreditNote)
    assert (note.amount, note.net) == (-quote.total, -quote.amount)
    renewal = invoices()[-1]
    assert (renewal.total.minor, renewal.balance_applied) == (357000, -quote.total)
    assert renewal.paid == renewal.total - renewal.balance_applied
    assert failed_jobs() == []


def under_way_past_minimum(payer: Client) -> Engagement:
    under_way(payer)
    with transaction():
        payer.engagement.terms.minimum_months = 1
    pass_time(payer, payer.renewal() + timedelta(days=4))
    return payer.engagement


def test_downgrade_from_the_next_month_gives_the_days_back_from_then(payer: Client) -> None:
    engagement = under_way_past_minimum(payer)
    start = engagement.month_after(engagement.today)
    confirmed(engagement, smaller(engagement), start, firm())
    payer.hear()
    used = days_taken(payer.engagement)
    assert {used[month] for month in used if month <= start.replace(day=1)} == {4}
    assert {used[month] for month in used if month > start} == {2}
    pass_time(payer, payer.renewal() + HOURS)
    assert invoices()[-1].total == Money(300000, "USD")


def days_taken(engagement: Engagement) -> dict[date, int]:
    from webapp.booking.models.capacity import CapacityMonth  # noqa: PLC0415

    return {row.month: row.used_days for row in rows(CapacityMonth)}


def test_larger_plan_is_refused_with_who_and_when(payer: Client) -> None:
    engagement = under_way(payer)
    huge = bigger(engagement, days_per_month=13)
    quote = quoted(engagement, huge, engagement.today, firm())
    with pytest.raises(ChangeRefused, match=rf"{engagement.lead.name} has no days left for it in"):
        quoting.confirm(quote, firm(), "More")
    session.rollback()
    assert rows(TermsChange) == [] and items() == []
    assert payer.engagement.terms.price_minor == 500000


def test_preview_of_another_day_or_other_terms_is_worked_out_anew(payer: Client) -> None:
    engagement = under_way(payer)
    by = firm()
    quote = quoted(engagement, bigger(engagement), engagement.today, by)
    pass_time(payer, midnight(engagement.today + timedelta(days=1), engagement.time_zone) + HOURS)
    quote = session.merge(quote)
    with pytest.raises(QuoteStale):
        quoting.confirm(quote, by, "Late")
    session.rollback()
    assert rows(TermsChange) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"currency": "EUR"}, "priced in EUR"),
        ({"kind": "diagnostic", "weeks": 2}, "not sold as a retainer"),
        ({"sold": False}, "not sold"),
        ({"price_minor": 500000, "days_per_month": 4}, "the plan there is now"),
        ({"price_minor": 400000}, "minimum term"),
    ],
)
def test_plan_that_cannot_be_had_is_refused(
    payer: Client, values: dict[str, object], said: str
) -> None:
    engagement = under_way(payer)
    offered = bigger(engagement, **{"overage_rate_minor": 20000} | values)
    assert said in engagement.why_no_other_plan(offered, engagement.today)


def test_role_the_team_cannot_fill_is_refused(payer: Client) -> None:
    engagement = under_way(payer)
    engagement.lead.roles = ["coo"]
    offered = bigger(engagement, role="integrator")
    assert "cannot fill that role" in engagement.why_no_other_plan(offered, engagement.today)


def test_planned_change_is_withdrawn_and_stripe_keeps_the_old_price(payer: Client) -> None:
    engagement = under_way(payer)
    by = firm()
    confirmed(engagement, bigger(engagement), engagement.month_after(engagement.today), by)
    payer.hear()
    assert subscription().price_minor == 700000
    engagement = payer.engagement
    assert "is planned for" in engagement.why_no_other_plan(bigger(engagement), engagement.today)
    engagement.withdraw_plan(by, "They changed their mind")
    session.commit()
    payer.hear()
    assert failed_jobs() == []
    assert subscription().price_minor == 500000
    assert set(days_taken(payer.engagement).values()) == {4}
    assert [change.kind for change in rows(TermsChange)] == ["upgrade", "plan_withdrawn"]
    pass_time(payer, payer.renewal() + HOURS)
    assert invoices()[-1].total == Money(500000, "USD")


def test_answer_lost_after_the_price_was_swapped_comes_to_the_same_price(payer: Client) -> None:
    engagement = under_way(payer)
    quote = quoted(engagement, bigger(engagement), engagement.today, firm())
    quoting.confirm(quote, firm(), "More")
    session.commit()
    payer.stripe.fault("POST /v1/subscriptions", "lost_response", times=3)
    payer.hear()
    pass_time(payer, _soon(), by=timedelta(minutes=5))
    assert subscription().price_minor == 700000
    bill = invoices()[-1]
    assert bill.total == quote.total
    assert len(payer.stripe.of("invoiceitem", payer.engagement.id)) == 1
    assert len(rows(RetainerPeriod)) == 1


def _soon() -> datetime:
    from webapp import clock  # noqa: PLC0415

    return clock.now() + timedelta(hours=2)
