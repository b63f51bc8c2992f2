"""Before a pause ends: whether what the engagement itself is charged to is still good."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.billing.changing import pass_time, under_way
from tests.billing.conftest import Client, rows
from tests.billing.test_pauses import HOURS, paused
from webapp.billing.buying.order import midnight
from webapp.billing.models import Customer
from webapp.db import session
from webapp.engagements.models import FollowUp


def resumes(payer: Client) -> datetime:
    """It is paused from today for twenty days; the instant at which it resumes."""
    engagement = under_way(payer)
    ends = engagement.today + timedelta(days=20)
    paused(payer, engagement.today, ends)
    return midnight(ends, engagement.time_zone) + HOURS


def test_the_card_of_another_engagement_does_not_keep_a_pause_from_ending(payer: Client) -> None:
    at = resumes(payer)
    [customer] = rows(Customer)
    session.get_one(
        Customer, customer.id
    ).card_expires = "01/2020"  # as of the other card, mirrored
    session.commit()
    pass_time(payer, at)
    assert payer.engagement.stage == "active" and rows(FollowUp) == []


def test_its_own_card_that_has_expired_does_whatever_the_company_pays_with_elsewhere(
    payer: Client,
) -> None:
    at = resumes(payer)
    payer.stripe.control(f"cards/{payer.card()}", exp_month=1, exp_year=2020)
    payer.hear()
    [customer] = rows(Customer)
    session.get_one(Customer, customer.id).card_expires = "12/2040"
    session.commit()
    pass_time(payer, at)
    assert payer.engagement.stage == "paused"
    assert [row.cause.partition(":")[0] for row in rows(FollowUp)] == ["resume"]
