"""Ends that were set for later: what the last period costs, and what is collected after it."""

import pytest
import stripe

from sandbox.stripe.billing.months import Anchor, period_around
from tests.sandbox.stripe_desk import DAY, Desk

MONTHLY, HOUR = {"interval": "month", "interval_count": 1}, 3600


def period_after(first: int) -> int:
    """The end of the period that begins there."""
    return period_around(Anchor.of(first), MONTHLY, first)[1]


@pytest.mark.parametrize("early", [0, 2 * HOUR])
def test_an_end_inside_a_later_period_cuts_its_price_and_one_at_its_end_does_not(
    desk: Desk, early: int
) -> None:
    subscription = desk.subscribed()
    first = subscription.trial_end
    whole = subscription["items"].data[0].price.unit_amount
    last = period_after(first)
    end = last - early
    desk.api.v1.subscriptions.update(
        subscription.id, {"cancel_at": end, "proration_behavior": "none"}
    )
    preview = desk.api.v1.invoices.create_preview({"subscription": subscription.id})
    desk.advance_to(first + 2 * HOUR)
    total = desk.invoices(subscription.id)[-1].total
    assert total == preview.total == round(whole * (end - first) / (last - first))
    assert (total == whole) == (early == 0)
    desk.advance_to(end + HOUR)
    over = desk.api.v1.subscriptions.retrieve(subscription.id)
    assert (over.status, over.ended_at) == ("canceled", end)
    desk.advance_to(end + 40 * DAY)
    assert len(desk.invoices(subscription.id)) == 2


def test_no_invoice_is_to_come_once_the_end_is_the_periods(desk: Desk) -> None:
    subscription = desk.subscribed()
    ends = {"cancel_at": subscription.trial_end, "proration_behavior": "none"}
    desk.api.v1.subscriptions.update(subscription.id, ends)
    with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices"):
        desk.api.v1.invoices.create_preview({"subscription": subscription.id})
    desk.advance_to(subscription.trial_end + HOUR)
    assert "invoice.upcoming" not in desk.event_types()
    assert len(desk.invoices(subscription.id)) == 1


def test_a_credit_for_what_is_unused_of_the_present_period_is_not_played(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.advance_to(subscription.trial_end + 2 * HOUR)
    with pytest.raises(stripe.InvalidRequestError, match="cancel_at"):
        desk.api.v1.subscriptions.update(
            subscription.id, {"cancel_at": subscription.trial_end + DAY}
        )


def test_cancelling_stops_collecting_whatever_else_the_customer_owes(desk: Desk) -> None:
    subscription = desk.subscribed()
    owner = str(subscription.customer)
    desk.give_card(subscription, "pm_card_chargeCustomerFail")
    bill = desk.api.v1.invoices.create({"customer": owner, "currency": "usd"})
    desk.api.v1.invoice_items.create(
        {"customer": owner, "invoice": bill.id, "amount": 5000, "currency": "usd"}
    )
    late = desk.api.v1.invoices.finalize_invoice(bill.id, {"auto_advance": True})
    assert late.status == "open" and late.next_payment_attempt
    desk.api.v1.subscriptions.cancel(subscription.id)
    stopped = desk.api.v1.invoices.retrieve(bill.id)
    assert (stopped.auto_advance, stopped.next_payment_attempt) == (False, None)
    again = desk.api.v1.invoices.update(bill.id, {"auto_advance": True})
    assert again.auto_advance and again.next_payment_attempt
    desk.advance_to(again.next_payment_attempt + HOUR)
    assert desk.api.v1.invoices.retrieve(bill.id).attempt_count == 2
