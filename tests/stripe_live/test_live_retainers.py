"""A retainer's life at Stripe: sold, renewed, changed, paused, ended."""

from datetime import timedelta

import pytest

from tests.stripe_live.world import DAY, MONTH, World, refused
from webapp.billing.calls import charges, checkout, invoices, items, previews, subscriptions
from webapp.billing.stripe_gateway import ActionRequired, Declined


def test_the_first_invoice_and_a_renewal_are_paid_and_booked(world: World) -> None:
    subscription = world.retainer(world.customer())
    first = world.latest(subscription)
    assert (first.status, first.total.minor) == ("paid", MONTH + 100_000)
    assert {line.kind for line in first.lines if line.amount.minor} == {"first_month", "deposit"}
    renewal = world.renew(subscription)
    assert (renewal.status, renewal.total.minor) == ("paid", MONTH)
    [charge] = charges.that_paid(renewal.id)
    assert charge.booked is not None
    assert charge.booked.fee.minor > 0
    assert charge.booked.net.minor == MONTH - charge.booked.fee.minor
    assert subscriptions.read(subscription.id).status == "active"


def test_a_declined_renewal_is_paid_by_a_better_card_once(world: World) -> None:
    customer = world.customer()
    subscription = world.retainer(customer)
    world.give_card(customer, "pm_card_chargeCustomerFail")
    late = world.renew(subscription)
    assert (late.status, late.next_attempt_at is not None) == ("open", True)
    assert subscriptions.read(subscription.id).status == "past_due"
    with pytest.raises(Declined):
        invoices.pay(late.id, world.key())
    world.give_card(customer, "pm_card_visa")
    invoices.pay(late.id, world.key())
    invoices.pay(late.id, world.key())
    assert invoices.read(late.id).status == "paid"
    assert len(charges.that_paid(late.id)) == 1


def test_a_renewal_that_must_be_authenticated_waits_for_the_payer(world: World) -> None:
    customer = world.customer()
    subscription = world.retainer(customer)
    world.give_card(customer, "pm_card_authenticationRequired")
    late = world.renew(subscription)
    assert late.status == "open" and late.hosted_url
    with pytest.raises((ActionRequired, Declined)):
        invoices.pay(late.id, world.key())


def test_overage_becomes_a_line_of_the_renewal(world: World) -> None:
    customer = world.customer()
    subscription = world.retainer(customer)
    params = {
        "customer": customer,
        "subscription": subscription.id,
        "price_data": world.priced("overage", 30_000),
        "quantity_decimal": "3.5",
        "description": "3.5 hours",
        "metadata": {"item": f"overage-{world.run}"},
    }
    made = items.create(params, world.key())
    found = items.find(customer, f"overage-{world.run}")
    assert found is not None and found.id == made.id
    assert invoices.preview_renewal(subscription.id).total.minor == MONTH + 105_000
    assert world.renew(subscription).total.minor == MONTH + 105_000


def test_the_preview_of_a_change_equals_the_renewal_to_the_cent(world: World) -> None:
    customer = world.customer()
    subscription = world.retainer(customer)
    world.renew(subscription)
    price = world.priced("retainer", 777_701, monthly=True)
    item = {
        "price_data": world.priced("proration", 12_345),
        "description": "Change of plan",
    }
    now = subscriptions.read(subscription.id)
    preview = previews.of_change(now, price, [item])
    subscriptions.set_price(now, price, "Retainer", world.key())
    waiting = {"customer": customer, "subscription": subscription.id}
    items.create(item | waiting, world.key())
    renewal = world.renew(subscription)
    assert renewal.total == preview.total
    assert renewal.total.minor == 777_701 + 12_345


def test_a_pause_makes_no_invoice(world: World) -> None:
    subscription = world.retainer(world.customer())
    world.renew(subscription)
    assert subscriptions.pause(subscription.id, world.key()).status == "paused"
    before = len(invoices.list_of(subscription.id))
    world.advance_to(world.now + 40 * DAY)
    assert len(invoices.list_of(subscription.id)) == before
    assert subscriptions.resume(subscription.id, world.key()).status == "active"


def test_notice_is_withdrawn_without_a_trace_and_then_kept(world: World) -> None:
    subscription = world.retainer(world.customer())
    world.renew(subscription)
    ends = subscriptions.read(subscription.id).renews_at
    assert subscriptions.set_end(subscription.id, ends, world.key()).cancels_at == ends
    assert subscriptions.set_end(subscription.id, None, world.key()).cancels_at is None
    subscriptions.set_end(subscription.id, ends, world.key())
    before = len(invoices.list_of(subscription.id))
    world.advance_to(ends + 2 * DAY)
    assert subscriptions.read(subscription.id).over
    assert len(invoices.list_of(subscription.id)) == before


def test_an_end_where_a_later_period_ends_charges_that_period_whole(world: World) -> None:
    subscription = world.retainer(world.customer())
    found = subscriptions.read(subscription.id)
    ends = found.period_end_near(found.renews_at + 30 * DAY)
    subscriptions.set_end(subscription.id, ends, world.key())
    assert invoices.preview_renewal(subscription.id).total.minor == MONTH
    assert world.renew(subscription).total.minor == MONTH
    before = len(invoices.list_of(subscription.id))
    world.advance_to(ends + 2 * DAY)
    assert subscriptions.read(subscription.id).over
    assert len(invoices.list_of(subscription.id)) == before


def test_an_end_inside_a_later_period_charges_that_period_short(world: World) -> None:
    subscription = world.retainer(world.customer())
    found = subscriptions.read(subscription.id)
    ends = found.period_end_near(found.renews_at + 30 * DAY) - timedelta(hours=2)
    subscriptions.set_end(subscription.id, ends, world.key())
    assert world.renew(subscription).total.minor < MONTH


def test_an_invoice_with_days_to_pay_is_settled_outside(world: World) -> None:
    terms = {"collection_method": "send_invoice", "days_until_due": 14}
    subscription = world.retainer(world.customer(), **terms)
    invoice = world.latest(subscription)
    if invoice.status == "draft":
        invoices.finalize(invoice.id)
    invoice = invoices.read(invoice.id)
    assert (invoice.status, invoice.collection) == ("open", "invoice") and invoice.due_at
    invoices.pay_out_of_band(invoice.id, world.key())
    assert invoices.read(invoice.id).out_of_band


def test_checkout_opens_with_what_the_app_asks_for_and_expires(world: World) -> None:
    params = {
        "mode": "subscription",
        "customer": world.customer(),
        "line_items": [
            {"price_data": world.priced("retainer", MONTH, monthly=True), "quantity": 1},
            {"price_data": world.priced("deposit", 100_000), "quantity": 1},
        ],
        "subscription_data": {"trial_end": int((world.now + 31 * DAY).timestamp())},
        "success_url": "https://example.com/{CHECKOUT_SESSION_ID}",
        "cancel_url": "https://example.com/",
        "metadata": {"checkout": world.run},
    }
    key = world.key()
    opened = checkout.open_session(params, key)
    assert checkout.open_session(params, key).id == opened.id
    assert checkout.expire(opened.id).id == opened.id


def test_expansion_ends_after_four_levels(world: World) -> None:
    invoice = world.latest(world.retainer(world.customer())).id
    fits = "payments.data.payment.payment_intent"
    world.v1.invoices.retrieve(invoice, {"expand": [fits]})
    deeper = f"{fits}.latest_charge"
    error = refused(lambda: world.v1.invoices.retrieve(invoice, {"expand": [deeper]}))
    assert error.http_status == 400
