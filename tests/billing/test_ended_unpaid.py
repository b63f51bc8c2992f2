"""What stays unpaid when an engagement ends: the days worked, less what was taken off before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.billing.changing import bigger, confirmed, firm, pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows, subscription
from tests.billing.owed import overage
from tests.billing.test_given_up import HOURS, given_up, url_of
from tests.billing.test_taken_up_again import end, price_of
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.buying.order import midnight
from webapp.billing.models import ArrearsDecision, Invoice
from webapp.billing.owing import deposit
from webapp.billing.returning.giving import Giving, give
from webapp.billing.returning.left import REDUCE
from webapp.db import session
from webapp.engagements.models import FollowUp
from webapp.money import Money

SignIn = Callable[[Person], FlaskClient]


def declining(payer: Client, rule: str) -> None:
    """From now on the card pays nothing."""
    payer.stripe.control("rules", retry_days=[3, 5], after_retries=rule)
    payer.stripe.change_card(payer.card(), "generic_decline")


def last_open() -> Invoice:
    return [one for one in invoices() if one.status == "open"][-1]


def end_with_the_month(payer: Client, browser: FlaskClient, owed: Invoice) -> None:
    ends = payer.engagement.month_after(payer.engagement.today)
    typed = {"ends_on": ends.isoformat(), "because": "Not paid"}
    assert browser.post(url_of(owed, "/end"), data=typed).status_code == 303
    payer.hear()
    pass_time(payer, midnight(ends, payer.engagement.time_zone) + HOURS)
    pass_time(payer, clock.now() + timedelta(hours=4), by=timedelta(hours=1))


def left_to_pay(payer: Client) -> int:
    assert payer.engagement.stage == "ended" and failed_jobs() == []
    assert deposit.left_of(payer.engagement) == Money(0, "USD")
    return sum(one.due.minor for one in invoices() if one.status == "open")


@pytest.mark.parametrize("day", ["today", "month"])
def test_what_finance_took_off_an_open_month_is_not_asked_for_again_at_the_end(
    payer: Client, coordinator: Person, sign_in: SignIn, day: str
) -> None:
    """Of the whole month's price: so each day of it costs so much less."""
    owed = given_up(payer)
    name = firm(Role.FINANCE).name
    give(owed.id, Giving(Money(200000, "USD"), REDUCE, "", "Goodwill", name))
    session.commit()
    payer.hear()
    browser, today = sign_in(coordinator), payer.engagement.today
    starts, ends = payer.engagement.month_around(today)
    if day == "month":
        end_with_the_month(payer, browser, owed)
        assert left_to_pay(payer) == 500000 - 200000 - 100000
    else:
        told = visible(browser.get(url_of(owed)).text)
        end(payer, browser, owed)
        worked = Money(300000, "USD").prorate((today - starts).days, (ends - starts).days)
        assert worked.format() in told
        assert left_to_pay(payer) == worked.minor - 100000


def test_overage_corrected_on_an_open_invoice_is_asked_for_as_corrected_at_the_end(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    under_way(payer)
    overage(payer, 600)
    declining(payer, "cancel")
    pass_time(payer, payer.renewal() + timedelta(days=15))
    overage(payer, 60)
    payer.hear()
    end_with_the_month(payer, sign_in(coordinator), last_open())
    assert left_to_pay(payer) == 500000 + 20000 - 100000


def test_an_unpaid_upgrade_is_asked_for_by_the_days_it_was_worked_less_the_deposit(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    under_way(payer)
    pass_time(payer, payer.renewal() + timedelta(days=2))
    declining(payer, "past_due")
    starts = payer.engagement.today
    confirmed(payer.engagement, bigger(payer.engagement, price_minor=2500000), starts, firm())
    payer.hear()
    pass_time(payer, clock.now() + timedelta(days=7))
    bill, browser = last_open(), sign_in(coordinator)
    ends = payer.engagement.month_after(starts)
    assert bill.subtotal == price_of(payer.engagement, starts, ends) * 4
    worked = bill.subtotal.prorate(7, (ends - starts).days)
    told = visible(browser.get(url_of(bill)).text)
    assert worked.format() in told and (worked - Money(100000, "USD")).format() in told
    end(payer, browser, bill)
    assert left_to_pay(payer) == worked.minor - 100000
    assert next(one.status for one in invoices() if one.id == bill.id) == "void"


def test_an_unpaid_bill_after_a_pause_is_asked_for_by_the_days_worked_since(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    """The pause gave back the last three days of a month, which come off that bill."""
    engagement = under_way(payer)
    pass_time(payer, payer.renewal() - timedelta(days=10))
    starts = payer.engagement.month_after(payer.engagement.today) - timedelta(days=3)
    resumes = starts + timedelta(days=5)
    payer.engagement.plan_pause(starts, resumes, firm(), "Away")
    session.commit()
    declining(payer, "past_due")
    pass_time(payer, midnight(resumes + timedelta(days=3), engagement.time_zone) + HOURS)
    bill, today = last_open(), payer.engagement.today
    ends = payer.engagement.month_after(resumes)
    assert bill.subtotal == price_of(engagement, resumes, ends)
    given = price_of(engagement, starts, starts + timedelta(days=3))
    assert bill.due == bill.subtotal - given
    end(payer, sign_in(coordinator), bill)
    worked = bill.subtotal.prorate((today - resumes).days, (ends - resumes).days)
    assert (payer.engagement.stage, failed_jobs()) == ("ended", [])
    final = invoices()[-1]
    assert (final.subtotal, final.due.minor) == (worked, 0)
    back = given + Money(100000, "USD") - worked
    assert sum(row.amount_minor for row in refunds()) == back.minor


# -- marked uncollectible --------------------------------------------------------------------------


def uncollectible(payer: Client, owed: Invoice) -> Invoice:
    payer.stripe.api("POST", f"invoices/{owed.stripe_id}/mark_uncollectible")
    payer.hear()
    found = next(one for one in invoices() if one.id == owed.id)
    assert found.status == "uncollectible"
    return found


def test_nothing_begins_again_by_itself_while_an_invoice_is_uncollectible(
    payer: Client, coordinator: Person
) -> None:
    owed = uncollectible(payer, given_up(payer))
    pass_time(payer, clock.now() + timedelta(days=50))
    assert (subscription().status, subscription().former) == ("canceled", [])
    assert payer.engagement.stage == "active" and owed.asks_decision
    [asked] = [row for row in rows(FollowUp) if row.cause.startswith("given_up:")]
    assert asked.done_at is None


def test_an_uncollectible_invoice_can_be_decided_on_and_at_the_end_the_days_worked_are_owed(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    owed = uncollectible(payer, given_up(payer))
    browser, today = sign_in(coordinator), payer.engagement.today
    page = visible(browser.get(url_of(owed)).text)
    assert all(way in page for way in ("Go on", "Pause from today", "End it"))
    assert browser.post(url_of(owed, "/go-on"), data={"reason": "They try"}).status_code == 303
    worked = price_of(payer.engagement, payer.engagement.month_around(today)[0], today)
    assert worked.format() in page
    end(payer, browser, owed)
    assert [row.decision for row in rows(ArrearsDecision)] == ["go_on", "end"]
    assert all(row.done_at for row in rows(FollowUp))
    assert left_to_pay(payer) == worked.minor - 100000


def test_uncollectible_while_the_months_go_on_asks_a_person_until_it_is_decided(
    payer: Client, coordinator: Person, sign_in: SignIn
) -> None:
    under_way(payer)
    declining(payer, "past_due")
    pass_time(payer, payer.renewal() + timedelta(days=12))
    owed = uncollectible(payer, last_open())
    [asked] = [row for row in rows(FollowUp) if row.cause.startswith("uncollectible:")]
    assert owed.number in asked.text and asked.done_at is None
    typed = {"reason": "They pay by bank"}
    assert sign_in(coordinator).post(url_of(owed, "/go-on"), data=typed).status_code == 303
    assert all(row.done_at for row in rows(FollowUp))
