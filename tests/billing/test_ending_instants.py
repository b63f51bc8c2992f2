"""The last month is charged whole: the subscription ends exactly where Stripe's own period does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta

from tests.billing.changing import firm, pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from tests.standin import StandIn
from webapp.billing.buying.order import midnight
from webapp.billing.calls import subscriptions
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp

HOUR = timedelta(hours=1)
Begin = Callable[..., Client]


@pytest.fixture
def begun_on(
    begin: Begin, stripe: StandIn, set_clock: Callable[[datetime], None]
) -> Callable[[date], Client]:
    """A client whose engagement was kicked off two weeks after the instant given."""

    def begun(day: date, **offering: Any) -> Client:
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC) - timedelta(days=14)
        set_clock(at)
        stripe.advance(at)
        payer = begin(**offering)
        under_way(payer)
        assert payer.engagement.kick_off_on == day
        return payer

    return begun


def noticed(payer: Client, choice: int = 0) -> Engagement:
    engagement = payer.engagement
    engagement.give_notice(engagement.end_dates[choice], engagement.sponsor, "We have hired")
    session.commit()
    payer.hear()
    return payer.engagement


def lived_to_the_end(payer: Client) -> Engagement:
    engagement = payer.engagement
    assert engagement.ends_on is not None
    ends = midnight(engagement.ends_on, engagement.time_zone)
    pass_time(payer, ends + timedelta(hours=5), by=timedelta(days=5))
    return payer.engagement


def months_charged() -> list[int]:
    lines = [line for one in invoices() for line in one.lines]
    return [line["minor"] for line in lines if line["kind"] in {"retainer", "first_month"}]


@pytest.mark.parametrize(
    ("day", "choice", "off"),
    [(date(2027, 1, 13), 0, HOUR), (date(2027, 7, 13), 2, -HOUR), (date(2027, 4, 13), 0, 0 * HOUR)],
    ids=["into summer time", "out of it", "in it"],
)
def test_the_last_month_is_charged_whole_wherever_the_clocks_stand_at_its_end(
    begun_on: Callable[[date], Client], day: date, choice: int, off: timedelta
) -> None:
    payer = begun_on(day)
    engagement = noticed(payer, choice)
    mirror, ends_on = subscription(), engagement.ends_on
    assert ends_on and mirror.renews_at and mirror.cancels_at
    assert mirror.cancels_at - midnight(ends_on, engagement.time_zone) == off
    months = relativedelta(mirror.cancels_at, mirror.renews_at)
    assert mirror.cancels_at == mirror.renews_at + relativedelta(months=months.months)
    assert lived_to_the_end(payer).stage == "ended"
    assert months_charged() == [500000] * (months.months + 1)
    assert (subscription().status, failed_jobs()) == ("canceled", [])
    over = min(mirror.cancels_at, midnight(ends_on, engagement.time_zone))
    ended_at = subscription().ended_at
    assert ended_at and timedelta(0) <= ended_at - over < timedelta(minutes=1)


def test_notice_for_the_running_month_ends_it_with_that_very_instant(payer: Client) -> None:
    under_way(payer)
    for _ in range(2):
        pass_time(payer, payer.renewal() + HOUR)
    engagement = payer.engagement
    engagement.terms.notice_days = 7
    session.commit()
    renewal, before = payer.renewal(), len(months_charged())
    engagement = noticed(payer)
    assert engagement.ends_on == engagement.month_after(engagement.today)
    assert (subscription().cancels_at, subscription().renews) == (renewal, False)
    assert lived_to_the_end(payer).stage == "ended"
    assert len(months_charged()) == before and set(months_charged()) == {500000}


def test_end_is_set_anew_when_the_renewal_returns_to_the_31st(
    begun_on: Callable[[date], Client],
) -> None:
    payer = begun_on(date(2029, 1, 31))
    engagement = noticed(payer)
    ends_on, zone = engagement.ends_on, engagement.time_zone
    assert ends_on == date(2029, 4, 30)
    by_first_count = subscription().cancels_at
    assert by_first_count and engagement.local_date(by_first_count) == date(2029, 4, 28)
    pass_time(payer, midnight(date(2029, 3, 31), zone) + HOUR)
    [theirs] = payer.stripe.of("subscription", engagement.id)
    [item] = theirs["items"]["data"]
    assert theirs["cancel_at"] == item["current_period_end"]
    assert subscription().cancels_at == midnight(ends_on, zone)
    assert lived_to_the_end(payer).stage == "ended"
    assert months_charged() == [500000] * 3 and failed_jobs() == []
    assert not [row for row in rows(FollowUp) if "Stripe" in row.text]


def test_after_a_pause_that_moved_the_renewal_the_end_is_counted_from_there(payer: Client) -> None:
    """Before the first renewal Stripe pauses nothing: the day is moved instead."""
    engagement = under_way(payer)
    today = engagement.today
    engagement.plan_pause(today, today + timedelta(days=40), firm(), "Closed")
    session.commit()
    payer.hear()
    noticed(payer, choice=2)
    mirror = subscription()
    assert mirror.cancels_at and mirror.renews_at
    found = subscriptions.read(mirror.stripe_id)
    assert found.anchor == found.renews_at == mirror.renews_at
    assert mirror.cancels_at == found.period_end_near(mirror.cancels_at)
    assert lived_to_the_end(payer).stage == "ended"
    retainer = [one for one in months_charged() if one != 500000]
    assert retainer == [] and subscription().status == "canceled"


def test_an_end_two_hours_before_midnight_would_charge_the_last_month_short(
    payer: Client,
) -> None:
    under_way(payer)
    at = payer.renewal() + relativedelta(months=1) - timedelta(hours=2)
    payer.stripe.api("POST", f"subscriptions/{subscription().stripe_id}",
                     cancel_at=int(at.timestamp()), proration_behavior="none")  # fmt: skip
    payer.hear()
    pass_time(payer, payer.renewal() + timedelta(hours=3))
    [_, last] = months_charged()
    assert 498000 < last < 500000


def test_notice_given_again_and_withdrawn_follows_the_terms(payer: Client) -> None:
    under_way(payer)
    noticed(payer)
    first = subscription().cancels_at
    payer.engagement.withdraw_notice(firm(), "They stay")
    session.commit()
    payer.hear()
    assert subscription().cancels_at is None
    noticed(payer, choice=1)
    again = subscription().cancels_at
    assert first and again == first + relativedelta(months=1)


def test_end_brought_forward_while_notice_runs_is_brought_forward_at_stripe(payer: Client) -> None:
    under_way(payer)
    noticed(payer, choice=2)
    renewal = payer.renewal()
    engagement = payer.engagement
    engagement.cut_off(engagement.month_after(engagement.today), "Not paid", firm())
    session.commit()
    payer.hear()
    assert subscription().cancels_at == renewal
    assert len(payer.mails("otice")) == 3 + 4  # the second time to the one who decided as well
    assert lived_to_the_end(payer).stage == "ended"
    assert months_charged() == [500000]
