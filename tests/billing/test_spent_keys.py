"""Stripe answers a key again as it did before, for a day: a fault of its own, too. So no key is
used again once it has been answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.billing.changing import firm, pass_time, quoted, smaller, under_way
from tests.billing.conftest import Client, invoices, rows, subscription
from tests.billing.test_dunning import failing
from tests.billing.test_pauses import paused, second_month, until
from webapp import clock
from webapp.billing.changing import quoting
from webapp.billing.models import Invoice
from webapp.db import session
from webapp.engagements.models import Pause

CHANGES = "POST /v1/subscriptions/*"
# Nothing was done, and all was done although the answer is a fault.
faulted = pytest.mark.parametrize("fault", ["500", "500_after"])


def an_hour(payer: Client) -> None:
    """Time enough to be asked again, and far less than a day."""
    for _ in range(12):
        at = clock.now() + timedelta(minutes=5)
        payer.set_clock(at)
        payer.stripe.advance(at)
        payer.hear()


@faulted
def test_m47_settled_elsewhere_is_told_to_stripe_although_it_faulted(
    payer: Client, fault: str
) -> None:
    owed = failing(payer)
    payer.stripe.fault("POST /v1/invoices/*", fault)
    session.get_one(Invoice, owed.id).settle_elsewhere("By wire", "Fay Finance")
    session.commit()
    payer.hear()
    an_hour(payer)
    assert [(one.status, one.out_of_band) for one in invoices()][1] == ("paid", True)


@faulted
def test_m39_pause_reaches_stripe_although_it_faulted(payer: Client, fault: str) -> None:
    engagement = second_month(payer)
    payer.stripe.fault(CHANGES, fault)
    paused(payer, engagement.today, engagement.today + timedelta(days=9))
    an_hour(payer)
    assert ([row.held for row in rows(Pause)], subscription().status) == (["paused"], "paused")


@faulted
def test_m39_work_resumes_at_stripe_although_it_faulted(payer: Client, fault: str) -> None:
    engagement = second_month(payer)
    ends = engagement.today + timedelta(days=9)
    paused(payer, engagement.today, ends)
    payer.stripe.fault(CHANGES, fault)
    until(payer, ends)
    an_hour(payer)
    assert (payer.engagement.stage, subscription().status) == ("active", "active")


@faulted
def test_an_end_is_set_at_stripe_although_it_faulted(payer: Client, fault: str) -> None:
    engagement = under_way(payer)
    payer.stripe.fault(CHANGES, fault)
    engagement.give_notice(engagement.end_dates[0], engagement.sponsor, "We have hired")
    session.commit()
    payer.hear()
    an_hour(payer)
    assert subscription().cancels_at is not None


@faulted
def test_m28_smaller_plan_reaches_stripe_although_it_faulted(payer: Client, fault: str) -> None:
    engagement = under_way(payer)
    while payer.engagement.today < engagement.minimum_until:
        pass_time(payer, payer.renewal() + timedelta(hours=3))
    engagement, by = payer.engagement, firm()
    quote = quoted(engagement, smaller(engagement), engagement.month_after(engagement.today), by)
    quoting.confirm(quote, by, "Less to do")
    session.commit()
    payer.stripe.fault(CHANGES, fault)
    payer.hear()
    an_hour(payer)
    assert subscription().price_minor == 300000


def test_m39_renewal_put_off_twice_to_the_same_day_is_put_off_twice(payer: Client) -> None:
    engagement = under_way(payer)
    second = engagement.month_after(engagement.today)
    ends = second + timedelta(days=5)
    pause = paused(payer, engagement.today, ends)
    put_off = payer.renewal()
    at = clock.now() + timedelta(hours=16)
    payer.set_clock(at)
    payer.stripe.advance(at)
    payer.hear()
    engagement = payer.engagement
    engagement.end_pause(session.merge(pause), firm(), "By mistake")
    session.commit()
    payer.hear()
    assert payer.renewal() < put_off
    paused(payer, payer.engagement.today, ends)
    [theirs] = payer.stripe.of("subscription", engagement.id)
    assert payer.renewal() == put_off
    assert theirs["trial_end"] == put_off.timestamp()
