"""Paused and taken up again: no invoices in between, and what Stripe refuses."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import DAY, Desk

HOUR = 3600
NOTHING: Any = {
    "bill_for": {
        "unused_time_from": {"type": "none"},
        "outstanding_usage_through": {"type": "none"},
    }
}
UNCHANGED: Any = {"billing_cycle_anchor": {"type": "unchanged"}, "proration_behavior": "none"}


def renewed(desk: Desk) -> stripe.Subscription:
    """A retainer ten days into its second month, which is its first paid by the subscription."""
    subscription = desk.subscribed()
    desk.advance_to(subscription.trial_end + 10 * DAY)
    return desk.api.v1.subscriptions.retrieve(subscription.id)


def months(desk: Desk, subscription: stripe.Subscription) -> list[int]:
    return [invoice.total for invoice in desk.invoices(subscription.id)]


def test_m39_a_paused_subscription_makes_no_invoices_and_keeps_its_day(desk: Desk) -> None:
    subscription, subscriptions = renewed(desk), desk.api.v1.subscriptions
    renews = subscription["items"].data[0].current_period_end
    paused = subscriptions.pause(subscription.id, NOTHING)
    cut = paused["items"].data[0].current_period_end
    assert (paused.status, cut) == ("paused", paused.status_details.paused.transitioned_at)
    assert paused.status_details.paused.subscription.type == "pause_requested"
    desk.advance(70 * DAY)
    assert months(desk, subscription) == [600_000, 500_000]
    resumed = subscriptions.resume(subscription.id, UNCHANGED)
    assert (resumed.status, resumed.status_details) == ("active", None)
    assert resumed.billing_cycle_anchor == subscription.billing_cycle_anchor
    row = resumed["items"].data[0]
    assert row.current_period_start <= desk.now < row.current_period_end
    desk.advance_to(row.current_period_end + HOUR)
    assert months(desk, subscription) == [600_000, 500_000, 500_000]
    assert (row.current_period_end - renews) // DAY in (59, 60, 61, 62)
    told = desk.event_types()
    assert told.count("customer.subscription.paused") == 1
    assert told.count("customer.subscription.resumed") == 1
    assert "invoice.upcoming" in told


def test_pausing_credits_the_rest_of_the_period_unless_told_not_to(desk: Desk) -> None:
    subscription = renewed(desk)
    row = subscription["items"].data[0]
    length = row.current_period_end - row.current_period_start
    paused = desk.api.v1.subscriptions.pause(subscription.id)
    [credit] = desk.api.v1.invoice_items.list({"pending": True}).data
    left = row.current_period_end - paused["items"].data[0].current_period_end
    share = round(500_000 * left / length)
    assert (credit.amount, credit.proration) == (-share, True)


def test_a_pause_may_be_settled_at_once(desk: Desk) -> None:
    subscription = renewed(desk)
    since: Any = {"unused_time_from": {"type": "item_current_period_start"}}
    desk.api.v1.subscriptions.pause(
        subscription.id, {"bill_for": since, "invoicing_behavior": "invoice"}
    )
    assert months(desk, subscription)[-1] == -500_000
    assert desk.api.v1.customers.retrieve(str(subscription.customer)).balance == -500_000


def test_stripe_refuses_to_pause_a_trial_or_what_is_sent(desk: Desk) -> None:
    subscription, subscriptions = desk.subscribed(), desk.api.v1.subscriptions
    with pytest.raises(stripe.InvalidRequestError, match="trial"):
        subscriptions.pause(subscription.id, NOTHING)
    desk.advance_to(subscription.trial_end + HOUR)
    values: Any = {"collection_method": "send_invoice", "days_until_due": 14}
    subscriptions.update(subscription.id, values)
    with pytest.raises(stripe.InvalidRequestError, match="send_invoice"):
        subscriptions.pause(subscription.id, NOTHING)
    subscriptions.update(subscription.id, {"collection_method": "charge_automatically"})
    with pytest.raises(stripe.InvalidRequestError, match="not paused"):
        subscriptions.resume(subscription.id, UNCHANGED)
    subscriptions.pause(subscription.id, NOTHING)
    with pytest.raises(stripe.InvalidRequestError, match="status is paused"):
        subscriptions.pause(subscription.id, NOTHING)


def test_a_new_anchor_waits_for_its_invoice_to_be_paid(desk: Desk) -> None:
    subscription, subscriptions = renewed(desk), desk.api.v1.subscriptions
    subscriptions.pause(subscription.id, NOTHING)
    desk.advance(20 * DAY)
    waiting = subscriptions.resume(subscription.id, {"billing_cycle_anchor": {"type": "now"}})
    invoice = desk.invoices(subscription.id)[-1]
    assert (waiting.status, invoice.status, invoice.total) == ("paused", "open", 500_000)
    desk.api.v1.invoices.pay(invoice.id)
    active = subscriptions.retrieve(subscription.id)
    assert (active.status, active.billing_cycle_anchor) == ("active", invoice.created)
    desk.advance(32 * DAY)
    assert months(desk, subscription)[2:] == [500_000, 500_000]


def test_an_unpaid_resumption_is_voided_and_stays_paused(desk: Desk) -> None:
    subscription, subscriptions = renewed(desk), desk.api.v1.subscriptions
    subscriptions.pause(subscription.id, NOTHING)
    subscriptions.resume(subscription.id, {"billing_cycle_anchor": {"type": "now"}})
    desk.advance(40 * DAY)
    assert subscriptions.retrieve(subscription.id).status == "paused"
    assert [i.status for i in desk.invoices(subscription.id)] == ["paid", "paid", "void"]


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("resume_on_payment_attempt", "past_due"), ("resume_on_payment_success", "paused")],
)
def test_a_resumption_that_fails(desk: Desk, behavior: str, status: str) -> None:
    subscription, subscriptions = renewed(desk), desk.api.v1.subscriptions
    subscriptions.pause(subscription.id, NOTHING)
    desk.give_card(subscription, "pm_card_chargeCustomerFail")
    given: Any = {"billing_cycle_anchor": {"type": "now"}, "payment_behavior": behavior}
    subscriptions.resume(subscription.id, given)
    invoice = desk.invoices(subscription.id)[-1]
    if behavior == "resume_on_payment_attempt":
        with pytest.raises(stripe.CardError):
            desk.api.v1.invoices.pay(invoice.id)
    assert subscriptions.retrieve(subscription.id).status == status


def test_resuming_with_prorations_invoices_the_rest_of_the_period(desk: Desk) -> None:
    subscription, subscriptions = renewed(desk), desk.api.v1.subscriptions
    subscriptions.pause(subscription.id, NOTHING)
    given: Any = UNCHANGED | {"proration_behavior": "always_invoice"}
    assert subscriptions.resume(subscription.id, given).status == "paused"
    invoice = desk.invoices(subscription.id)[-1]
    assert 0 < invoice.total < 500_000
    desk.api.v1.invoices.mark_uncollectible(invoice.id)
    assert subscriptions.retrieve(subscription.id).status == "active"


def test_notice_given_before_a_pause_is_kept(desk: Desk) -> None:
    subscription, subscriptions = renewed(desk), desk.api.v1.subscriptions
    subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    subscriptions.pause(subscription.id, NOTHING)
    desk.advance(32 * DAY)
    assert subscriptions.retrieve(subscription.id).status == "canceled"
    assert months(desk, subscription) == [600_000, 500_000]


@pytest.mark.parametrize(("wanted", "status"), [("pause", "paused"), ("cancel", "canceled")])
def test_a_trial_that_ends_with_no_card_ends_as_it_was_told_to(
    desk: Desk, wanted: str, status: str
) -> None:
    product = desk.api.v1.products.create({"name": "Retainer"}).id
    monthly = {"currency": "usd", "unit_amount": 100, "recurring": {"interval": "month"}}
    given: Any = {
        "customer": desk.customer().id,
        "items": [{"price_data": monthly | {"product": product}}],
        "trial_period_days": 7,
        "trial_settings": {"end_behavior": {"missing_payment_method": wanted}},
    }
    found = desk.api.v1.subscriptions.create(given)
    desk.advance(40 * DAY)
    ended = desk.api.v1.subscriptions.retrieve(found.id)
    assert ended.status == status and len(desk.invoices(found.id)) == 1
    if wanted == "pause":
        reason = ended.status_details.paused.subscription.type
        assert reason == "trial_end_without_payment_method"
