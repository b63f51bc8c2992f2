"""What is put on the next invoice: items under products of our own, and invoices made by hand."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import DAY, Desk

HOUR = 3600


def product(desk: Desk, identifier: str, name: str) -> str:
    return desk.api.v1.products.create({"id": identifier, "name": name}).id


def overage(desk: Desk, subscription: stripe.Subscription, **values: Any) -> stripe.InvoiceItem:
    """3.5 hours at 300.00, waiting for the subscription's next invoice."""
    cost = {"currency": "usd", "product": "rh_overage_all", "unit_amount_decimal": "30000"}
    given: dict[str, Any] = {
        "customer": str(subscription.customer),
        "subscription": subscription.id,
        "description": "Hours above the plan",
        "quantity_decimal": "3.5",
        "price_data": cost,
        "metadata": {"item": "i1"},
    }
    return desk.api.v1.invoice_items.create(given | values)


def test_a_product_keeps_the_id_we_gave_it(desk: Desk) -> None:
    assert product(desk, "rh_retainer_o1", "Retainer") == "rh_retainer_o1"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        product(desk, "rh_retainer_o1", "Again")
    assert refusal.value.code == "resource_already_exists"
    desk.api.v1.products.update("rh_retainer_o1", {"name": "Fractional COO"})
    assert desk.api.v1.products.retrieve("rh_retainer_o1").name == "Fractional COO"


def test_the_lines_of_the_first_invoice_tell_their_products(desk: Desk) -> None:
    for kind in ("retainer", "first_month", "deposit"):
        product(desk, f"rh_{kind}_o1", kind)
    lines = [
        line("rh_retainer_o1", 500_000, recurring={"interval": "month"}),
        line("rh_first_month_o1", 500_000),
        line("rh_deposit_o1", 100_000),
    ]
    session = desk.retainer(desk.customer(), line_items=lines)
    assert desk.pay(session).status_code == 303
    [invoice] = desk.api.v1.invoices.list().data
    assert {(x.pricing.price_details.product, x.amount) for x in invoice.lines.data} == {
        ("rh_retainer_o1", 0),
        ("rh_first_month_o1", 500_000),
        ("rh_deposit_o1", 100_000),
    }


def line(product_id: str, amount: int, **more: Any) -> dict[str, Any]:
    data = {"currency": "usd", "product": product_id, "unit_amount": amount} | more
    return {"price_data": data, "quantity": 1, "metadata": {"kind": product_id}}


def test_a_product_nobody_made_is_missing(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.retainer(line_items=[line("rh_gone", 1, recurring={"interval": "month"})])
    assert refusal.value.code == "resource_missing"


def test_hours_and_a_credit_go_on_the_renewal(desk: Desk) -> None:
    subscription = desk.subscribed()
    product(desk, "rh_overage_all", "Overage")
    product(desk, "rh_credit_all", "Credit")
    hours = overage(desk, subscription)
    assert (hours.amount, hours.pricing.price_details.product) == (105_000, "rh_overage_all")
    cost = {"currency": "usd", "product": "rh_credit_all", "unit_amount": -40_000}
    credit = overage(desk, subscription, price_data=cost, quantity_decimal="1")
    assert (credit.amount, credit.discountable) == (-40_000, False)
    desk.advance_to(subscription.trial_end + HOUR)
    renewal = desk.invoices(subscription.id)[1]
    assert (renewal.status, renewal.amount_paid) == ("paid", 565_000)
    told = {x.pricing.price_details.product: x for x in renewal.lines.data}
    assert told["rh_overage_all"].metadata["item"] == "i1"
    assert str(told["rh_overage_all"].quantity_decimal) == "3.5"
    assert told["rh_overage_all"].parent.invoice_item_details.invoice_item == hours.id


def test_an_item_changes_while_it_waits_and_not_after(desk: Desk) -> None:
    subscription = desk.subscribed()
    product(desk, "rh_overage_all", "Overage")
    item, update = overage(desk, subscription), desk.api.v1.invoice_items.update
    assert update(item.id, {"quantity_decimal": "2.25"}).amount == 67_500
    assert update(item.id, {"unit_amount_decimal": "10000"}).amount == 22_500
    assert update(item.id, {"amount": -5}).amount == -5
    changed = update(item.id, {"description": "Two hours", "metadata": {"item": "", "a": "b"}})
    assert (changed.description, changed.metadata.to_dict()) == ("Two hours", {"a": "b"})
    desk.advance_to(subscription.trial_end)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        update(item.id, {"amount": 5})
    assert refusal.value.code == "invoice_not_editable"


def test_an_item_needs_a_living_subscription_of_that_customer_and_currency(desk: Desk) -> None:
    subscription = desk.subscribed()
    product(desk, "rh_overage_all", "Overage")
    euro = {"currency": "eur", "product": "rh_overage_all", "unit_amount": 100}
    with pytest.raises(stripe.InvalidRequestError, match="currency"):
        overage(desk, subscription, price_data=euro)
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
        overage(desk, subscription, customer=desk.customer().id)
    desk.api.v1.subscriptions.cancel(subscription.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
        overage(desk, subscription)


def test_an_invoice_by_hand_takes_the_subscriptions_items_only(desk: Desk) -> None:
    subscription = desk.subscribed()
    customer = str(subscription.customer)
    product(desk, "rh_overage_all", "Overage")
    overage(desk, subscription)
    desk.api.v1.invoice_items.create({"customer": customer, "amount": 700, "currency": "usd"})
    values: dict[str, Any] = {
        "customer": customer,
        "subscription": subscription.id,
        "pending_invoice_items_behavior": "include",
        "auto_advance": False,
        "metadata": {"why": "bill now"},
    }
    made = desk.api.v1.invoices.create(values)
    assert (made.status, made.total, made.billing_reason) == ("draft", 105_000, "manual")
    paid = desk.api.v1.invoices.pay(desk.api.v1.invoices.finalize_invoice(made.id).id)
    assert (paid.status, paid.metadata["why"]) == ("paid", "bill now")
    desk.advance(3 * DAY)
    assert len(desk.api.v1.invoices.list({"customer": customer}).data) == 2
    desk.advance_to(subscription.trial_end + HOUR)
    assert desk.invoices(subscription.id)[-1].total == 500_700
