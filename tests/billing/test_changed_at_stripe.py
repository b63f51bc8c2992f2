"""A price, or a day of renewal, that somebody changes in Stripe's dashboard: told to the firm."""

from __future__ import annotations

from datetime import timedelta

from tests.billing.changing import under_way
from tests.billing.conftest import Client, rows, subscription
from webapp import clock
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
