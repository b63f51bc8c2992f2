"""Coupons and codes, and what they take off lines and totals."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import DAY, Desk

HOUR = 3600


def product(desk: Desk, identifier: str) -> str:
    return desk.api.v1.products.create({"id": identifier, "name": identifier}).id


def coupon(desk: Desk, **values: Any) -> str:
    return desk.api.v1.coupons.create({"percent_off": 10, "duration": "forever"} | values).id


def subscription(desk: Desk, **values: Any) -> stripe.Subscription:
    """A monthly retainer of 5,000.00 that begins now, with a card."""
    owner = desk.customer()
    card = desk.api.v1.payment_methods.attach("pm_card_visa", {"customer": owner.id}).id
    monthly = {"currency": "usd", "unit_amount": 500_000, "recurring": {"interval": "month"}}
    given: Any = {
        "customer": owner.id,
        "default_payment_method": card,
        "items": [{"price_data": monthly | {"product": product(desk, "rh_retainer_o1")}}],
    }
    return desk.api.v1.subscriptions.create(given | values)


def totals(desk: Desk, found: stripe.Subscription) -> list[int]:
    return [invoice.total for invoice in desk.invoices(found.id)]


def test_a_percentage_comes_off_every_month(desk: Desk) -> None:
    found = subscription(desk, discounts=[{"coupon": coupon(desk, percent_off=12.5)}])
    desk.advance(32 * DAY)
    first, second = desk.invoices(found.id)
    assert (first.subtotal, first.total, first.amount_paid) == (500_000, 437_500, 437_500)
    assert [(t.amount, t.discount) for t in first.total_discount_amounts] == [
        (62_500, found.discounts[0])
    ]
    assert second.lines.data[0].discount_amounts[0].amount == 62_500
    assert second.total_excluding_tax == 437_500
    expand = ["discounts", "total_discount_amounts.discount"]
    whole = desk.api.v1.invoices.retrieve(second.id, {"expand": expand})
    assert whole.discounts[0].source.type == "coupon"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"duration": "once"}, [450_000, 500_000, 500_000, 500_000]),
        (
            {"duration": "repeating", "duration_in_months": 2},
            [450_000, 450_000, 500_000, 500_000],
        ),
        ({"duration": "forever"}, [450_000, 450_000, 450_000, 450_000]),
    ],
)
def test_a_coupon_lasts_as_long_as_it_says(
    desk: Desk, values: dict[str, Any], expected: list[int]
) -> None:
    found = subscription(desk, discounts=[{"coupon": coupon(desk, **values)}])
    desk.advance(95 * DAY)
    assert totals(desk, found) == expected
    kept = desk.api.v1.subscriptions.retrieve(found.id).discounts
    assert bool(kept) == (values["duration"] == "forever")
    assert desk.event_types().count("customer.discount.deleted") == int(not kept)


def test_a_fixed_amount_is_spread_over_lines_and_loses_no_cent(desk: Desk) -> None:
    customer = desk.customer().id
    off = fixed(desk, 100)
    invoice = desk.api.v1.invoices.create({"customer": customer, "discounts": [{"coupon": off}]})
    for amount in (100, 100, 100, -50):
        desk.api.v1.invoice_items.create(
            {"customer": customer, "invoice": invoice.id, "amount": amount, "currency": "usd"}
        )
    found = desk.api.v1.invoices.retrieve(invoice.id)
    taken = [x.discount_amounts[0].amount if x.discount_amounts else 0 for x in found.lines.data]
    assert (sorted(taken), found.subtotal, found.total) == ([0, 33, 33, 34], 250, 150)
    assert desk.api.v1.invoices.update(invoice.id, {"discounts": ""}).total == 250


def fixed(desk: Desk, amount: int, **values: Any) -> str:
    given: Any = {"amount_off": amount, "currency": "usd", "duration": "once"}
    return desk.api.v1.coupons.create(given | values).id


def test_a_coupon_for_some_products_leaves_the_others_alone(desk: Desk) -> None:
    found = subscription(desk)
    only = coupon(desk, percent_off=50, applies_to={"products": ["rh_retainer_o1"]})
    asked = desk.api.v1.coupons.retrieve(only, {"expand": ["applies_to"]})
    assert asked.applies_to.products == ["rh_retainer_o1"]
    desk.api.v1.subscriptions.update(found.id, {"discounts": [{"coupon": only}]})
    cost = {"currency": "usd", "product": product(desk, "rh_deposit_o1"), "unit_amount": 70_000}
    owner = {"customer": str(found.customer), "subscription": found.id}
    desk.api.v1.invoice_items.create(owner | {"price_data": cost})
    preview = desk.api.v1.invoices.create_preview({"subscription": found.id})
    assert (preview.subtotal, preview.total) == (570_000, 320_000)
    assert desk.api.v1.invoices.create_preview(
        {"subscription": found.id, "discounts": ""}
    ).total == (570_000)
    desk.advance(32 * DAY)
    assert totals(desk, found) == [500_000, 320_000]
    desk.api.v1.subscriptions.delete_discount(found.id)
    desk.advance(31 * DAY)
    assert totals(desk, found)[-1] == 500_000


def test_an_item_and_its_invoice_may_both_be_discounted(desk: Desk) -> None:
    customer, half, tenth = desk.customer().id, coupon(desk, percent_off=50), coupon(desk)
    desk.api.v1.invoice_items.create(
        {"customer": customer, "amount": 1_000, "currency": "usd", "discounts": [{"coupon": half}]}
    )
    invoice = desk.api.v1.invoices.create(
        {
            "customer": customer,
            "pending_invoice_items_behavior": "include",
            "discounts": [{"coupon": tenth}],
        }
    )
    assert invoice.total == 450
    assert [entry.amount for entry in invoice.total_discount_amounts] == [500, 50]


def test_a_coupon_is_redeemed_as_often_and_as_long_as_it_says(desk: Desk) -> None:
    once = coupon(desk, max_redemptions=1, id="WELCOME", name="Welcome")
    soon = coupon(desk, redeem_by=desk.now + DAY)
    found = subscription(desk, discounts=[{"coupon": once}])
    assert desk.api.v1.coupons.retrieve(once).valid is False
    update = desk.api.v1.subscriptions.update
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        update(found.id, {"discounts": [{"coupon": once}]})
    assert refusal.value.code == "coupon_expired"
    desk.advance(2 * DAY)
    with pytest.raises(stripe.InvalidRequestError):
        update(found.id, {"discounts": [{"coupon": soon}]})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        update(found.id, {"discounts": [{"coupon": "nothing"}]})
    assert (refusal.value.code, refusal.value.param) == (
        "resource_missing",
        "discounts[0][coupon]",
    )


def test_a_deleted_coupon_keeps_its_discounts(desk: Desk) -> None:
    kept = coupon(desk)
    found = subscription(desk, discounts=[{"coupon": kept}])
    assert desk.api.v1.coupons.delete(kept).deleted
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.coupons.retrieve(kept)
    desk.advance(32 * DAY)
    assert totals(desk, found) == [450_000, 450_000]


def test_codes_are_found_used_and_switched_off(desk: Desk) -> None:
    codes, kept = desk.api.v1.promotion_codes, coupon(desk)
    code = codes.create({"promotion": {"type": "coupon", "coupon": kept}, "code": "SPRING"})
    with pytest.raises(stripe.InvalidRequestError):
        codes.create({"promotion": {"type": "coupon", "coupon": kept}, "code": "spring"})
    assert [c.id for c in codes.list({"code": "spring"}).data] == [code.id]
    found = subscription(desk, discounts=[{"promotion_code": code.id}])
    assert totals(desk, found) == [450_000]
    assert codes.retrieve(code.id).times_redeemed == 1
    codes.update(code.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.subscriptions.update(found.id, {"discounts": [{"promotion_code": code.id}]})


@pytest.mark.parametrize(
    "values",
    [
        {"amount_off": 100},
        {"percent_off": 101},
        {"duration": "repeating"},
        {"duration_in_months": 3},
        {"applies_to": {"products": ["rh_nothing"]}},
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(desk: Desk, values: dict[str, Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        coupon(desk, **values)
