"""Paying from a bank account: days on its way, the kick-off kept; then booked, or paid anew."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.billing.conftest import Client, checkouts, failed_jobs, invoices, rows
from tests.standin import BANK, BANK_RETURNS, path_of, visible
from webapp import clock
from webapp.billing.models import Subscription
from webapp.db import session
from webapp.engagements import due
from webapp.engagements.models import Engagement


def debit(payer: Client, account: str = BANK) -> None:
    answer = payer.stripe.pay_by_bank(payer.to_checkout(), account)
    assert answer.status_code == 303, answer.text
    assert path_of(answer.headers["Location"]) == payer.url("done")


def let_days_pass(payer: Client, days: int) -> None:
    payer.until(clock.now() + timedelta(days=days))


def stage(payer: Client) -> str:
    return payer.engagement.stage


@pytest.mark.parametrize("browser_first", [True, False])
def test_debit_is_on_its_way_for_days_and_then_the_engagement_begins_once(
    payer: Client, browser_first: bool
) -> None:
    debit(payer)
    if browser_first:
        payer.come_back()
    payer.hear()
    page = visible(payer.come_back())
    assert "Your bank payment is on its way" in page and "do not pay a second time" in page
    assert (stage(payer), payer.mails("Receipt")) == ("signed", [])
    assert len(payer.mails("is on its way")) == 1
    let_days_pass(payer, 8)
    assert stage(payer) == "onboarding", failed_jobs()
    assert [row.status for row in invoices()] == ["paid"]
    assert len(payer.mails("Receipt")) == len(payer.mails("is on its way")) == 1
    assert "Thank you, Ana" in visible(payer.come_back())


def test_kick_off_is_kept_until_the_bank_has_decided(payer: Client) -> None:
    debit(payer)
    payer.hear()
    held = payer.engagement.hold
    assert held.expires_at > clock.now() + timedelta(days=13)
    payer.until(clock.now() + timedelta(hours=3), by=timedelta(hours=3))
    assert payer.engagement.hold.live


def test_paying_again_or_moving_the_time_is_not_possible_meanwhile(payer: Client) -> None:
    debit(payer)
    payer.hear()
    for answer in (payer.browser.get(payer.url("pay")), payer.browser.post(payer.url("pay"))):
        assert path_of(answer.headers["Location"]) == payer.url("done")
    before = payer.engagement.hold.starts_at
    moved = payer.browser.post(payer.url("slot"), data={"slot": "2030-01-01T10:00:00+00:00"})
    assert path_of(moved.headers["Location"]) == payer.url("done")
    assert payer.engagement.hold.starts_at == before
    assert len(payer.stripe.of("checkout.session", payer.engagement.id)) == 1


def test_seven_days_unpaid_do_not_lose_what_the_bank_has_not_decided(payer: Client) -> None:
    debit(payer, "000000000009")
    payer.hear()
    due.lose_unpaid(payer.engagement.id)
    session.commit()
    assert stage(payer) == "signed"
    let_days_pass(payer, 14)
    assert stage(payer) == "signed"
    let_days_pass(payer, 3)
    assert stage(payer) == "lost"


def test_debit_sent_back_is_told_once_and_paid_by_card(payer: Client) -> None:
    debit(payer, BANK_RETURNS)
    payer.hear()
    let_days_pass(payer, 7)
    engagement = payer.engagement
    assert (engagement.stage, engagement.settles_by) == ("signed", None)
    [told] = payer.mails("sent the payment")
    assert "/pay" in told and "$6,000.00" in told
    assert payer.mails("Receipt") == payer.mails("Welcome") == []
    assert [one["status"] for one in payer.stripe.of("subscription", engagement.id)] == ["canceled"]
    answer = payer.browser.get(payer.url("done"))
    assert path_of(answer.headers["Location"]) == payer.url("pay")
    payer.start()
    assert [row.status for row in rows(Subscription)] == ["trialing"]
    assert sorted(row.status for row in invoices()) == ["paid", "void"]
    assert [row.state for row in checkouts()] == ["expired", "complete"]
    assert len(payer.mails("Receipt")) == 1


def test_kick_off_is_kept_two_days_more_once_the_debit_came_back(payer: Client) -> None:
    debit(payer, BANK_RETURNS)
    payer.hear()
    while payer.engagement.settles_by:
        let_days_pass(payer, 1)
    left = payer.engagement.hold.expires_at - clock.now()
    assert timedelta(hours=20) < left <= timedelta(hours=48)


def test_news_of_the_debit_that_got_lost_is_found(payer: Client) -> None:
    debit(payer)
    payer.hear()
    payer.stripe.control("switches", drop=1.0)
    let_days_pass(payer, 8)
    payer.stripe.control("switches", drop=0)
    assert stage(payer) == "onboarding", failed_jobs()


def test_debit_is_not_offered_where_it_cannot_clear_before_the_kick_off(
    payer: Client, set_clock: object
) -> None:
    engagement = payer.engagement
    earlier: datetime = engagement.hold.starts_at - timedelta(days=9)
    payer.until(earlier)
    with_engagement(payer, earlier)
    payer.to_checkout()
    [opened] = payer.stripe.of("checkout.session", engagement.id)
    assert opened["payment_method_types"] == ["card"]


def with_engagement(payer: Client, at: datetime) -> None:
    """Asked anew, so that it is not seven days old."""
    found = session.get_one(Engagement, payer.engagement.id)
    found.signed_at = found.asked_at = at
    session.commit()
