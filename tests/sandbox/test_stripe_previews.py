"""A preview is the invoice that comes of it, to the cent."""

from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.stripe_desk import DAY, Desk

HOUR = 3600


def shown(invoice: stripe.Invoice) -> dict[str, Any]:
    lines = [(x.amount, x.description) for x in invoice.lines.data]
    return {"lines": lines} | {
        name: invoice[name] for name in ("subtotal", "total", "amount_due", "starting_balance")
    }


def item(desk: Desk, amount: int, text: str) -> dict[str, Any]:
    try:
        desk.api.v1.products.retrieve("rh_proration_all")
    except stripe.InvalidRequestError:
        desk.api.v1.products.create({"id": "rh_proration_all", "name": "Change of plan"})
    cost = {"currency": "usd", "product": "rh_proration_all", "unit_amount": amount}
    return {"price_data": cost, "description": text, "quantity": 1}


def test_items_given_to_a_preview_are_on_the_renewal_and_leave_no_trace(desk: Desk) -> None:
    subscription = desk.subscribed()
    wanted = [item(desk, 150_000, "Upgrade"), item(desk, -20_000, "Credit")]
    before = (desk.event_types(), desk.control("GET", "objects"))
    preview = desk.api.v1.invoices.create_preview(
        {"subscription": subscription.id, "invoice_items": wanted}
    )
    assert (desk.event_types(), desk.control("GET", "objects")) == before
    owner = {"customer": str(subscription.customer), "subscription": subscription.id}
    for one in wanted:
        desk.api.v1.invoice_items.create(owner | one)
    desk.advance_to(subscription.trial_end + HOUR)
    assert shown(preview) == shown(desk.invoices(subscription.id)[1])
    assert preview.total == 630_000


def test_m27_items_alone_are_previewed_as_they_are_billed_at_once(desk: Desk) -> None:
    """An invoice of these items and nothing else: no customer is named, only who they are."""
    subscription = desk.subscribed()
    wanted = item(desk, 123_457, "Upgrade from 3 March")
    preview = desk.api.v1.invoices.create_preview(
        {
            "currency": "usd",
            "customer_details": {"address": {"country": "US"}},
            "invoice_items": [wanted],
        }
    )
    owner = {"customer": str(subscription.customer), "subscription": subscription.id}
    desk.api.v1.invoice_items.create(owner | wanted)
    made = desk.api.v1.invoices.create(owner | {"pending_invoice_items_behavior": "include"})
    assert shown(preview) == shown(desk.api.v1.invoices.pay(made.id))
    assert preview.total == 123_457


def test_a_waiting_item_is_previewed_as_it_would_be_changed(desk: Desk) -> None:
    customer = desk.customer().id
    kept = desk.api.v1.invoice_items.create({"customer": customer} | item(desk, 500, "Day"))
    preview = desk.api.v1.invoices.create_preview(
        {"customer": customer, "invoice_items": [{"invoiceitem": kept.id, "quantity": 3}]}
    )
    assert preview.total == 1_500
    assert desk.api.v1.invoice_items.retrieve(kept.id).amount == 500


def test_a_preview_counts_the_balance_in(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.api.v1.customers.update(str(subscription.customer), {"balance": -120_000})
    preview = desk.api.v1.invoices.create_preview({"subscription": subscription.id})
    assert (preview.total, preview.amount_due) == (500_000, 380_000)
    desk.advance_to(subscription.trial_end + HOUR)
    assert shown(preview) == shown(desk.invoices(subscription.id)[1])


def test_the_first_invoice_of_a_subscription_to_be(desk: Desk) -> None:
    desk.api.v1.products.create({"id": "rh_retainer_o1", "name": "Retainer"})
    monthly = {
        "currency": "usd",
        "product": "rh_retainer_o1",
        "unit_amount": 400_000,
        "recurring": {"interval": "month"},
    }
    items = [{"price_data": monthly}]
    preview = desk.api.v1.invoices.create_preview(
        {"customer": desk.customer().id, "subscription_details": {"items": items}}
    )
    assert (preview.total, preview.billing_reason) == (400_000, "upcoming")
    assert desk.api.v1.subscriptions.list().data == []


def test_nothing_to_come_is_an_error(desk: Desk) -> None:
    for values in ({"customer": desk.customer().id}, {"customer_details": {"tax_exempt": "none"}}):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            desk.api.v1.invoices.create_preview(values)
        assert refusal.value.code == "invoice_upcoming_none"


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    days=st.integers(0, 27),
    behavior=st.sampled_from(["create_prorations", "always_invoice"]),
    quantity=st.integers(0, 3),
)
def test_a_change_in_mid_period_is_previewed_to_the_cent(
    desk: Desk, days: int, behavior: str, quantity: int
) -> None:
    subscription = desk.subscribed()
    desk.advance_to(subscription.trial_end + HOUR)
    row = desk.api.v1.subscriptions.retrieve(subscription.id)["items"].data[0]
    change: Any = {
        "items": [{"id": row.id, "quantity": quantity}],
        "proration_behavior": behavior,
        "proration_date": row.current_period_start + days * DAY,
    }
    preview = desk.api.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": change}
    )
    desk.api.v1.subscriptions.update(subscription.id, change)
    if behavior == "create_prorations":
        desk.advance_to(row.current_period_end + HOUR)
    assert shown(preview) == shown(desk.invoices(subscription.id)[-1])
