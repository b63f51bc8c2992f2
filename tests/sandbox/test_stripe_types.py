"""The stand-in is only as good as its shapes: they are the installed SDK's, or it says so."""

import copy
from typing import Any

import pytest
import requests
import stripe

from sandbox.stripe import resources
from sandbox.stripe.core.endpoints import ENDPOINTS
from sandbox.stripe.sdk.conformance import object_problems
from sandbox.stripe.sdk.operations import operation
from sandbox.stripe.sdk.reading import BadParameter, read_params
from tests.sandbox.stripe_desk import CARD, DAY, KEY, Desk, price

HOUR = 3600


def test_every_endpoint_is_a_method_of_the_sdk() -> None:
    assert resources.__all__
    names = [endpoint.name for endpoint in ENDPOINTS]
    assert len(names) == len(set(names)) > 70
    for name in names:
        assert operation(name).path.startswith("/v1/")


@pytest.fixture
def subscription(desk: Desk) -> dict[str, Any]:
    address = f"{desk.url}/v1/subscriptions/{desk.subscribed().id}"
    found: dict[str, Any] = requests.get(address, auth=(KEY, "")).json()
    return found


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("status",), "sleeping", "'sleeping' is not one of"),
        (("created",), "yesterday", "subscription.created: 'yesterday' is not int"),
        (("cancel_at_period_end",), 1, "is not a boolean"),
        (("surprise",), 1, "subscription.surprise: unknown field"),
        (("items", "data", 0, "price", "unit_amount"), 1.5, "items.data[0].price.unit_amount: 1.5"),
        (("items", "data", 0, "price", "object"), "plan", "price"),
        (("metadata", "engagement"), 7, "subscription.metadata.engagement: 7 is not str"),
        (("customer",), {"object": "invoice", "id": "in_1"}, "subscription.customer"),
        (("automatic_tax", "enabled"), None, "subscription.automatic_tax.enabled: None"),
        (("items", "has_more"), "no", "has_more is not a boolean"),
    ],
)
def test_the_checker_catches_a_wrong_shape(
    subscription: dict[str, Any], path: tuple[Any, ...], value: Any, problem: str
) -> None:
    assert object_problems(subscription) == []
    wrong = copy.deepcopy(subscription)
    holder: Any = wrong
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    found = object_problems(wrong)
    assert found and problem in " ".join(found)


def test_the_checker_misses_nothing_that_is_missing(subscription: dict[str, Any]) -> None:
    for name in ("id", "items", "status", "billing_mode", "customer"):
        less = {k: v for k, v in subscription.items() if k != name}
        assert object_problems(less) == [f"subscription.{name}: missing"]


@pytest.mark.parametrize(
    ("raw", "code", "param"),
    [
        ({"payment_method_types": {"0": "card"}}, "parameter_unknown", "payment_method_types"),
        ({"mode": "gift"}, "parameter_invalid", "mode"),
        (
            {"line_items": {"0": {"quantity": "two"}}},
            "parameter_invalid_integer",
            "line_items[0][quantity]",
        ),
        ({"line_items": "all"}, "parameter_invalid", "line_items"),
        ({"success_url": ""}, "parameter_invalid_empty", "success_url"),
        (
            {"line_items": {"0": {"price_data": {}}}},
            "parameter_missing",
            "line_items[0][price_data][currency]",
        ),
        ({"automatic_tax": {"enabled": "yes"}}, "parameter_invalid", "automatic_tax[enabled]"),
    ],
)
def test_requests_are_read_by_the_sdks_parameters(
    raw: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(BadParameter) as refusal:
        read_params(raw, operation("checkout.session.create").params)
    assert (refusal.value.code, refusal.value.param) == (code, param)


def test_an_unknown_parameter_is_refused_as_stripe_does(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.api.v1.customers.create({"nickname": "Al"})  # type: ignore[typeddict-unknown-key]
    assert (refusal.value.code, refusal.value.param) == ("parameter_unknown", "nickname")


def test_a_parameter_the_stand_in_would_ignore_is_refused(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.retainer(phone_number_collection={"enabled": True})
    assert (refusal.value.code, refusal.value.param) == (
        "not_imitated",
        "phone_number_collection.enabled",
    )


def test_an_answer_out_of_shape_is_written_down(desk: Desk) -> None:
    """A card's behaviour is the stand-in's own secret: bend a kept document and look."""
    desk.may_violate = True
    requests.get(f"{desk.url}/v1/balance", auth=(KEY, ""), headers={"Stripe-Version": "2019-01-01"})
    [found] = desk.violations()
    assert "2019-01-01" in found["problem"]


def test_a_wide_scenario_stays_in_shape(desk: Desk) -> None:
    """Touches every kind of object and event there is; the fixture asserts no violation."""
    api = desk.api.v1
    subscription = desk.subscribed()
    customer = str(subscription.customer)
    _invoice_items_and_previews(desk, subscription)
    desk.advance_to(subscription.trial_end + HOUR)
    api.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": subscription["items"].data[0].id, "quantity": 2}],
            "proration_behavior": "always_invoice",
            "metadata": {"a": "", "b": "c"},
        },
    )
    _portal_and_cards(desk, customer)
    desk.give_card(subscription, "pm_card_chargeCustomerFail")
    desk.advance(62 * DAY)
    for invoice in api.invoices.list(
        {"expand": ["data.payments", "data.confirmation_secret"]}
    ).data:
        assert invoice.object == "invoice"
    _money_back(desk, subscription)
    api.customers.list({"expand": ["data.subscriptions"]})
    api.checkout.sessions.list({"expand": ["data.line_items", "data.customer"]})
    api.balance.retrieve()
    api.customers.delete(customer)
    assert api.customers.retrieve(customer).deleted
    desk.deliver()
    assert len(set(desk.receiver.types)) > 30


def _invoice_items_and_previews(desk: Desk, subscription: stripe.Subscription) -> None:
    api, customer = desk.api.v1, str(subscription.customer)
    item = {
        "customer": customer,
        "subscription": subscription.id,
        "quantity_decimal": "3.5",
        "description": "Overage",
    }
    product = api.products.create({"name": "Overage"}).id
    made = api.invoice_items.create(
        item | {"price_data": {"currency": "usd", "product": product, "unit_amount": 30_000}}
    )
    assert (made.amount, made.quantity, str(made.quantity_decimal)) == (105_000, 3, "3.5")
    preview = api.invoices.create_preview({"subscription": subscription.id})
    assert preview.amount_due == 605_000
    dropped = api.invoice_items.create({"customer": customer, "amount": 100, "currency": "usd"})
    assert api.invoice_items.delete(dropped.id).deleted


def _portal_and_cards(desk: Desk, customer: str) -> None:
    session = desk.api.v1.billing_portal.sessions.create(
        {"customer": customer, "return_url": "http://app.test/"}
    )
    desk.browser.post(f"{session.url}/cards", data=CARD)
    desk.api.v1.billing_portal.configurations.list()
    for method in desk.api.v1.customers.payment_methods.list(customer).data:
        desk.api.v1.payment_methods.update(method.id, {"metadata": {"seen": "yes"}})


def _money_back(desk: Desk, subscription: stripe.Subscription) -> None:
    api = desk.api.v1
    invoice = desk.invoices(subscription.id)[0]
    api.credit_notes.create(
        {"invoice": invoice.id, "amount": 1_000, "refund_amount": 600, "credit_amount": 400}
    )
    [payment] = api.invoice_payments.list({"invoice": invoice.id}).data
    refund = api.refunds.create({"payment_intent": payment.payment.payment_intent, "amount": 500})
    api.refunds.update(refund.id, {"metadata": {"why": "goodwill"}})
    charge = api.charges.retrieve(str(refund.charge), {"expand": ["refunds"]})
    assert charge.amount_refunded == 1_100


def test_items_come_and_go_in_shape(desk: Desk) -> None:
    api, subscription = desk.api.v1, desk.subscribed()
    desk.advance_to(subscription.trial_end + HOUR)
    product = api.products.create({"name": "Second role"}).id
    monthly = {"currency": "usd", "unit_amount": 200_000, "recurring": {"interval": "month"}}
    made = api.subscription_items.create(
        {"subscription": subscription.id, "price_data": {"product": product} | monthly}
    )
    assert made.price.unit_amount == 200_000
    [waiting] = api.invoice_items.list(
        {"customer": str(subscription.customer), "pending": True}
    ).data
    assert waiting.proration and 0 < waiting.amount < 200_000
    api.subscription_items.update(made.id, {"quantity": 2, "proration_behavior": "none"})
    assert api.subscription_items.delete(made.id, {"proration_behavior": "none"}).deleted
    assert len(api.subscription_items.list({"subscription": subscription.id}).data) == 1


def test_one_off_invoices_and_prices_stay_in_shape(desk: Desk) -> None:
    api, customer = desk.api.v1, desk.customer()
    product = api.products.create({"name": "Workshop", "metadata": {"a": "b"}})
    monthly = {
        "product": product.id,
        "currency": "usd",
        "unit_amount": 100,
        "lookup_key": "workshop",
    }
    kept = api.prices.create(monthly | {"recurring": {"interval": "month"}})
    assert api.prices.list({"lookup_keys": ["workshop"]}).data[0].id == kept.id
    api.invoice_items.create(
        {
            "customer": customer.id,
            "pricing": {"price": api.prices.create(monthly | {"lookup_key": "once"}).id},
        }
    )
    draft = api.invoices.create(
        {"customer": customer.id, "pending_invoice_items_behavior": "include"}
    )
    assert (draft.status, draft.total) == ("draft", 100)
    assert api.invoices.finalize_invoice(draft.id).status == "open"
    assert api.invoices.void_invoice(draft.id).status == "void"
    sessions = api.checkout.sessions
    session = sessions.create(
        {"mode": "payment", "line_items": [price(100, "Tea")], "success_url": "http://a.test/"}
    )
    assert sessions.line_items.list(session.id).data[0].amount_total == 100
    assert sessions.expire(session.id).status == "expired"
