"""Notice, its withdrawal, the end; and what somebody does in Stripe's dashboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from flask.testing import FlaskClient

from tests.billing.changing import firm, pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from tests.standin import StandIn
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.buying.order import midnight
from webapp.billing.models import Bill
from webapp.booking.models.capacity import CapacityMonth
from webapp.db import session
from webapp.engagements.models import FollowUp, TermsChange
from webapp.reviews.models import Review

HOURS = timedelta(hours=3)
SignIn = Callable[[Person], FlaskClient]


def noticed(payer: Client) -> None:
    engagement = payer.engagement
    engagement.give_notice(engagement.end_dates[0], engagement.sponsor, "We have hired")
    session.commit()
    payer.hear()


def test_notice_ends_it_where_a_paid_month_ends_and_frees_the_days(payer: Client) -> None:
    engagement = under_way(payer)
    noticed(payer)
    ends_on = payer.engagement.ends_on
    assert ends_on is not None and payer.engagement.stage == "ending"
    assert ends_on == engagement.month_around(ends_on)[0]
    assert ends_on >= engagement.today + timedelta(days=30)
    assert ends_on == engagement.minimum_until
    cancels_at = subscription().cancels_at
    assert cancels_at and engagement.local_date(cancels_at + timedelta(hours=1)) == ends_on
    assert cancels_at in [payer.renewal() + relativedelta(months=number) for number in range(4)]
    taken = [row.month for row in rows(CapacityMonth) if row.used_days]
    assert max(taken) == ends_on.replace(day=1)
    months = 3
    pass_time(payer, midnight(ends_on, engagement.time_zone) + HOURS)
    payer.hear()
    assert failed_jobs() == []
    assert (payer.engagement.stage, subscription().status) == ("ended", "canceled")
    retainer = [line for one in invoices() for line in one.lines
                if line["kind"] in {"retainer", "first_month"}]  # fmt: skip
    assert len(retainer) == months
    assert max(period.ends for period in payer.engagement.periods) == ends_on
    assert all(row.state == "cancelled" for row in rows(Review) if row.due_on >= ends_on)
    assert [change.kind for change in rows(TermsChange)] == ["notice_given", "ended"]
    pass_time(payer, midnight(ends_on, engagement.time_zone) + timedelta(days=40))
    assert not [one for one in rows(Bill) if one.state == "intended"]


def test_m38_notice_withdrawn_leaves_no_gap_and_no_extra_charge(payer: Client) -> None:
    engagement = under_way(payer)
    noticed(payer)
    payer.engagement.withdraw_notice(firm(), "They stay")
    session.commit()
    payer.hear()
    assert failed_jobs() == []
    assert (payer.engagement.stage, subscription().cancels_at) == ("active", None)
    assert len([row for row in rows(CapacityMonth) if row.used_days]) >= 12
    pass_time(payer, payer.renewal() + HOURS)
    pass_time(payer, payer.renewal() + HOURS)
    assert [one.total.minor for one in invoices()] == [600000, 500000, 500000]
    starts = [row.starts for row in payer.engagement.periods]
    assert starts[:2] == [engagement.kick_off_on, engagement.month_after(engagement.kick_off_on)]


def test_m38_cancel_at_period_end_in_the_dashboard_then_resumed(payer: Client) -> None:
    under_way(payer)
    path = f"subscriptions/{subscription().stripe_id}"
    payer.stripe.api("POST", path, cancel_at_period_end="true")
    payer.hear()
    assert payer.engagement.stage == "active"
    assert "no notice was given" in rows(FollowUp)[0].text
    payer.stripe.api("POST", path, cancel_at_period_end="false")
    payer.hear()
    pass_time(payer, payer.renewal() + HOURS)
    assert [one.total.minor for one in invoices()] == [600000, 500000]
    assert (payer.engagement.stage, len(rows(FollowUp))) == ("active", 1)


def test_m37_cancelled_in_the_dashboard_ends_it_with_the_paid_month(payer: Client) -> None:
    engagement = under_way(payer)
    ends_on = engagement.month_after(engagement.today)
    payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
    payer.hear()
    pass_time(payer, midnight(engagement.today, engagement.time_zone) + timedelta(days=2))
    assert failed_jobs() == []
    assert (payer.engagement.stage, payer.engagement.ends_on) == ("ending", ends_on)
    assert subscription().status == "canceled"
    assert all(row.state == "cancelled" for row in rows(Review) if row.due_on >= ends_on)
    assert any(row.state == "booked" for row in rows(Review) if row.due_on < ends_on)
    assert any("ended at Stripe" in row.text for row in rows(FollowUp))
    pass_time(payer, midnight(ends_on, engagement.time_zone) + HOURS)
    assert payer.engagement.stage == "ended"


def test_paused_in_the_dashboard_a_coordinator_is_told_and_nothing_else_happens(
    payer: Client,
) -> None:
    under_way(payer)
    pass_time(payer, payer.renewal() + HOURS)
    payer.stripe.api("POST", f"subscriptions/{subscription().stripe_id}/pause")
    payer.hear()
    assert (payer.engagement.stage, subscription().status) == ("active", "paused")
    assert any("paused at Stripe" in row.text for row in rows(FollowUp))


def test_notice_drops_what_was_planned_for_later(payer: Client) -> None:
    engagement = under_way(payer)
    today = engagement.today
    engagement.plan_pause(today + timedelta(days=9), today + timedelta(days=19), firm(), "Closed")
    session.commit()
    owner = firm(Role.OWNER)
    payer.engagement.give_notice(payer.engagement.end_dates[1], owner, "")
    session.commit()
    payer.hear()
    assert [row.state for row in payer.engagement.pauses] == ["withdrawn"]
    kinds = [change.kind for change in rows(TermsChange)]
    assert kinds == ["pause_planned", "pause_withdrawn", "notice_given"]


@pytest.fixture
def ended_at_stripe(
    begin: Callable[..., Client], stripe: StandIn, set_clock: Callable[[datetime], None]
) -> Client:
    """Out of summer time Stripe's month ends an hour before ours does: it is that hour."""
    summer = datetime(2027, 7, 1, 9, tzinfo=UTC)
    set_clock(summer)
    stripe.advance(summer)
    payer = begin()
    engagement = under_way(payer)
    engagement.give_notice(engagement.end_dates[1], engagement.sponsor, "We have hired")
    session.commit()
    payer.hear()
    pass_time(payer, last_midnight(payer) - timedelta(minutes=30))
    assert (payer.engagement.stage, subscription().status) == ("ending", "canceled")
    return payer


def last_midnight(payer: Client) -> datetime:
    engagement = payer.engagement
    assert engagement.ends_on is not None
    return midnight(engagement.ends_on, engagement.time_zone)


def test_notice_is_not_withdrawn_once_stripe_has_ended_the_payment(
    ended_at_stripe: Client, sign_in: SignIn
) -> None:
    payer = ended_at_stripe
    browser = sign_in(firm())
    address = f"/engagements/{payer.engagement.id}/notice/withdrawal"
    assert "cannot be begun again" in browser.get(address).text
    refused = browser.post(address, data={"reason": "They stay"})
    assert refused.status_code == 409 and "has ended at Stripe" in refused.text
    assert payer.engagement.stage == "ending"
    pass_time(payer, last_midnight(payer) + HOURS)
    assert payer.engagement.stage == "ended"


def test_notice_withdrawn_as_stripe_ends_the_payment_does_not_go_on_unpaid(
    ended_at_stripe: Client,
) -> None:
    payer, ends = ended_at_stripe, last_midnight(ended_at_stripe)
    payer.engagement.withdraw_notice(firm(), "They stay")
    session.commit()
    payer.hear()
    assert any("ended at Stripe" in row.text for row in rows(FollowUp))
    pass_time(payer, ends + HOURS)
    assert payer.engagement.stage == "ended"
