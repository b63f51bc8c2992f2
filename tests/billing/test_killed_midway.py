"""Workers killed (SIGKILL) after each change they make at Stripe, before it is written down here:
whatever was under way ends once, and right."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.billing.changing import (
    bigger,
    firm,
    items,
    pass_time,
    quoted,
    run_planners,
    under_way,
)
from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows, subscription
from tests.billing.owed import charges
from tests.billing.paying_out import Sharing, transfers
from tests.billing.test_pauses import paid_for_retainer, second_month
from tests.elsewhere import elsewhere
from tests.workers.dying import die_again_and_again
from webapp.access import Role
from webapp.billing.buying.order import midnight
from webapp.billing.changing import quoting
from webapp.billing.returning.giving import CARD, Giving, give
from webapp.db import session
from webapp.engagements.models import Pause
from webapp.money import Money

# A forkserver in each process of a parallel run would cost more than it saves.
pytestmark = pytest.mark.xdist_group("killed midway")
MOMENT = timedelta(minutes=5)


def die(payer: Client) -> int:
    """How many workers died; what they left is done by one that lives."""
    deaths = die_again_and_again(payer.app, payer.stripe.deliver)
    payer.hear()
    assert failed_jobs() == []
    return deaths


def test_first_payment_and_the_share_of_it(payer: Client) -> None:
    sharing = Sharing(payer)
    sharing.shares(40)
    sharing.opens_account()
    payer.pay()
    assert die(payer) >= 1
    assert payer.engagement.stage == "onboarding"
    assert [one["amount"] for one in sharing.at_stripe()] == [200000]
    assert [(row.state, row.earned_minor) for row in transfers()] == [("sent", 200000)]
    assert len(payer.mails("Receipt")) == 1


def test_upgrade(payer: Client) -> None:
    engagement = under_way(payer, days=10)
    by, offered = firm(), bigger(engagement)
    quote = quoted(engagement, offered, engagement.today, by)
    quoting.confirm(quote, by, "More work")
    assert die(payer) >= 3  # the price, the item, the invoice
    assert [one.total for one in invoices()[1:]] == [quote.total]
    assert [item.state for item in items()] == ["invoiced"]
    assert len(payer.stripe.of("invoiceitem", engagement.id)) == 1
    assert subscription().price_minor == 700000
    assert len(charges(payer)) == len(payer.mails("Receipt")) == 2


def told_stripe(payer: Client, verb: str) -> int:
    """How often a subscription was really paused, or resumed."""
    made = [call for call in payer.stripe.calls("/v1/subscriptions") if call["method"] == "POST"]
    return sum(call["path"].endswith(f"/{verb}") for call in made)


def test_pause_and_resume(payer: Client) -> None:
    engagement = second_month(payer)
    starts, ends = engagement.today, engagement.today + timedelta(days=9)
    engagement.plan_pause(starts, ends, firm(), "The plant is closed")
    assert die(payer) >= 1
    assert ([row.held for row in rows(Pause)], subscription().status) == (["paused"], "paused")
    due = midnight(ends, payer.engagement.time_zone)
    pass_time(payer, due - MOMENT)
    payer.set_clock(due + MOMENT)
    payer.stripe.advance(due + MOMENT)
    elsewhere(lambda: run_planners(payer))
    assert die(payer) >= 1
    assert (payer.engagement.stage, subscription().status) == ("active", "active")
    assert (told_stripe(payer, "pause"), told_stripe(payer, "resume")) == (1, 1)
    first, _ = payer.engagement.month_around(starts)
    days = (payer.engagement.month_after(first) - first).days
    assert paid_for_retainer() + waiting(payer) == 2 * 500000 - round(500000 * 9 / days)


def waiting(payer: Client) -> int:
    """Lines that will be on the next invoice."""
    return sum(item.amount_minor for item in items() if item.state == "placed")


def test_notice_and_its_withdrawal(payer: Client) -> None:
    engagement, owner = under_way(payer), firm(Role.OWNER)
    engagement.give_notice(engagement.end_dates[0], owner, "They have hired")
    assert die(payer) >= 1
    assert subscription().cancels_at is not None
    payer.engagement.withdraw_notice(session.merge(owner), "They go on")
    assert die(payer) >= 1
    assert subscription().cancels_at is None
    [theirs] = payer.stripe.of("subscription", payer.engagement.id)
    assert (theirs["status"], theirs["cancel_at"]) == ("trialing", None)


def test_refund_and_what_is_taken_back_of_a_share(payer: Client) -> None:
    sharing = Sharing(payer)
    sharing.begin(percent=40)
    give(sharing.invoice.id, Giving(Money(300000, "USD"), CARD, "", "Too much", "fay@firm"))
    assert die(payer) >= 2  # the refund, the reversal
    assert [(row.state, row.amount_minor) for row in refunds()] == [("succeeded", 300000)]
    given = payer.stripe.of("refund", payer.engagement.id)
    assert [one["amount"] for one in given] == [300000]
    [sent] = sharing.at_stripe()
    assert sent["amount_reversed"] == 120000
