"""Retainers paid by invoice: sent, due some days later, overdue, paid on the page or elsewhere."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import CARD, DAY, Desk

HOUR = 3600


def by_invoice(desk: Desk, **values: Any) -> stripe.Subscription:
    """5,000.00 a month from next month on and 6,000.00 now, fourteen days to pay."""
    for kind in ("retainer", "first_month"):
        desk.api.v1.products.create({"id": f"rh_{kind}_o1", "name": kind})
    monthly = {"currency": "usd", "unit_amount": 500_000, "recurring": {"interval": "month"}}
    now = {"currency": "usd", "unit_amount": 600_000, "product": "rh_first_month_o1"}
    given: Any = {
        "customer": desk.customer().id,
        "collection_method": "send_invoice",
        "days_until_due": 14,
        "items": [{"price_data": monthly | {"product": "rh_retainer_o1"}}],
        "add_invoice_items": [{"price_data": now}],
        "trial_end": desk.now + 31 * DAY,
    }
    return desk.api.v1.subscriptions.create(given | values)


def status(desk: Desk, found: stripe.Subscription) -> str:
    return str(desk.api.v1.subscriptions.retrieve(found.id).status)


def test_a_retainer_by_invoice_begins_at_once_and_is_sent_within_the_hour(desk: Desk) -> None:
    found = by_invoice(desk)
    assert found.status == "trialing"
    [draft] = desk.invoices(found.id)
    assert (draft.status, draft.due_date) == ("draft", draft.created + 14 * DAY)
    desk.advance(HOUR + 60)
    [sent] = desk.invoices(found.id)
    assert (sent.status, sent.amount_due, sent.attempted) == ("open", 600_000, False)
    assert "invoice.sent" in desk.event_types()
    assert desk.api.v1.charges.list().data == []


def test_what_is_not_paid_in_time_is_overdue_until_it_is(desk: Desk) -> None:
    found = by_invoice(desk)
    desk.advance(14 * DAY + HOUR)
    assert status(desk, found) == "past_due"
    assert desk.event_types().count("invoice.overdue") == 1
    [invoice] = desk.invoices(found.id)
    declined = CARD | {"number": "4000000000000002"}
    page = desk.browser.post(str(invoice.hosted_invoice_url), data=declined)
    assert page.status_code == 402
    assert desk.api.v1.invoices.retrieve(invoice.id).next_payment_attempt is None
    assert ">Paid<" in desk.browser.post(str(invoice.hosted_invoice_url), data=CARD).text
    assert status(desk, found) == "active"
    desk.advance(120 * DAY)
    assert [i.status for i in desk.invoices(found.id)] == ["paid"] + 4 * ["open"]
    assert status(desk, found) == "past_due"


def test_a_transfer_is_noted_and_the_rest_stays_overdue(desk: Desk) -> None:
    found = by_invoice(desk)
    desk.advance(50 * DAY)
    first, second = desk.invoices(found.id)
    for invoice, after in ((first, "past_due"), (second, "active")):
        desk.api.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
        assert status(desk, found) == after
    assert desk.api.v1.charges.list().data == []


def test_an_invoice_by_hand_is_told_as_sent_when_it_is(desk: Desk) -> None:
    customer = desk.customer().id
    desk.api.v1.invoice_items.create({"customer": customer, "amount": 900, "currency": "usd"})
    made = desk.api.v1.invoices.create(
        {
            "customer": customer,
            "collection_method": "send_invoice",
            "days_until_due": 30,
            "pending_invoice_items_behavior": "include",
        }
    )
    desk.api.v1.invoices.finalize_invoice(made.id)
    assert "invoice.sent" not in desk.event_types()
    assert desk.api.v1.invoices.send_invoice(made.id).status == "open"
    assert desk.event_types().count("invoice.sent") == 1
    desk.advance(31 * DAY)
    assert desk.event_types().count("invoice.overdue") == 1
    desk.api.v1.invoices.void_invoice(made.id)
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.invoices.send_invoice(made.id)


def test_a_subscription_that_is_sent_must_say_when_it_is_due(desk: Desk) -> None:
    product = desk.api.v1.products.create({"name": "Retainer"}).id
    monthly = {"currency": "usd", "unit_amount": 100, "recurring": {"interval": "month"}}
    given: Any = {
        "customer": desk.customer().id,
        "collection_method": "send_invoice",
        "items": [{"price_data": monthly | {"product": product}}],
    }
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.api.v1.subscriptions.create(given)
    assert refusal.value.param == "days_until_due"
    assert desk.api.v1.subscriptions.list().data == []


def test_a_failed_payment_by_hand_does_not_end_the_subscription(desk: Desk) -> None:
    found = desk.subscribed()
    owner = {"customer": str(found.customer), "subscription": found.id}
    desk.api.v1.invoice_items.create(owner | {"amount": 70_000, "currency": "usd"})
    desk.give_card(found, "pm_card_chargeCustomerFail")
    given = owner | {"pending_invoice_items_behavior": "include"}
    made = desk.api.v1.invoices.create(given)
    with pytest.raises(stripe.CardError):
        desk.api.v1.invoices.pay(made.id)
    assert status(desk, found) == "past_due"
    assert desk.api.v1.invoices.retrieve(made.id).status == "open"
