"""A price, or a day of renewal, that somebody changes in Stripe's dashboard: told to the firm."""

from __future__ import annotations

from datetime import timedelta

from tests.billing.changing import under_way
from tests.billing.conftest import Client, rows, subscription
from webapp import clock
from webapp.billing.buying.order import midnight
from webapp.billing.changing import surprises
from webapp.billing.models import Subscription
from webapp.db import session
from webapp.engagements.models import FollowUp


def test_another_price_at_stripe_is_told_to_a_coordinator_once(payer: Client) -> None:
    engagement = under_way(payer)
    assert rows(FollowUp) == []
    [theirs] = payer.stripe.of("subscription", engagement.id)
    [item] = theirs["items"]["data"]
    data = "items[0][price_data]"
    payer.stripe.api("POST", f"subscriptions/{theirs['id']}", **{
        "items[0][id]": item["id"], f"{data}[currency]": "usd", f"{data}[unit_amount]": "5000000",
        f"{data}[product]": item["price"]["product"], f"{data}[recurring][interval]": "month",
        f"{data}[tax_behavior]": "exclusive", "proration_behavior": "none",
    })  # fmt: skip
    payer.hear()
    payer.hear()
    assert subscription().price_minor == 5000000
    [told] = rows(FollowUp)
    assert "$50,000.00 for the next month, and $5,000.00 is agreed" in told.text


def test_renewal_put_off_at_stripe_is_told_to_a_coordinator(payer: Client) -> None:
    under_way(payer)
    at = int((clock.now() + timedelta(days=200)).timestamp())
    path = f"subscriptions/{subscription().stripe_id}"
    payer.stripe.api("POST", path, trial_end=at, proration_behavior="none")
    payer.hear()
    [told] = rows(FollowUp)
    assert "Stripe will charge no month before" in told.text


def test_renewal_that_stripe_makes_an_hour_early_is_no_surprise(payer: Client) -> None:
    """Clocks have changed since the kick-off: by Stripe's the month began the evening before."""
    engagement = under_way(payer)
    next_month = engagement.month_after(engagement.today)
    after_it = engagement.month_after(next_month)
    zone, early = engagement.time_zone, timedelta(hours=1)
    payer.set_clock(midnight(next_month, zone) - timedelta(minutes=50))
    mirror = session.get_one(Subscription, subscription().id)
    mirror.status, mirror.renews_at = "active", midnight(after_it, zone) - early
    session.commit()
    surprises.compare(engagement.id)
    session.commit()
    assert rows(FollowUp) == []
