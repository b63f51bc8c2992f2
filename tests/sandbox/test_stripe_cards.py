"""Cards on file over time: they expire, ask for their holder, are declined, are replaced."""

from datetime import UTC, datetime

import stripe

from tests.sandbox.stripe_desk import DAY, Desk

HOUR = 3600


def renewed(desk: Desk, subscription: stripe.Subscription) -> stripe.Invoice:
    desk.advance_to(int(subscription.trial_end or 0) + 2 * HOUR)
    return desk.invoices(subscription.id)[-1]


def card_of(desk: Desk, subscription: stripe.Subscription) -> stripe.PaymentMethod:
    found = desk.api.v1.subscriptions.retrieve(subscription.id).default_payment_method
    return desk.api.v1.payment_methods.retrieve(str(found))


def last_charge(desk: Desk) -> stripe.Charge:
    return desk.api.v1.charges.list({"limit": 1}).data[0]


def test_a_card_that_always_asks_leaves_the_renewal_to_its_holder(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.give_card(subscription, "pm_card_authenticationRequired")
    late = renewed(desk, subscription)
    assert (late.status, late.attempt_count) == ("open", 1)
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    assert "invoice.payment_action_required" in desk.event_types()
    form = {"number": "4000002760003184", "exp": "12 / 40", "cvc": "123", "name": "Ann"}
    asked = desk.browser.post(str(late.hosted_invoice_url), data=form)
    assert "Your bank asks" in asked.text
    desk.browser.post(asked.url, data={"outcome": "complete"})
    assert desk.invoices(subscription.id)[-1].status == "paid"
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_authenticating_does_not_help_a_card_without_funds(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    asked = desk.pay(session, "4000008260003178")
    assert asked.status_code == 303 and asked.headers["Location"].endswith("/authenticate")
    answer = desk.browser.post(f"{session.url}/authenticate", data={"outcome": "complete"})
    assert answer.status_code == 402 and "insufficient funds" in answer.text


def test_a_card_can_go_on_file_and_fail_when_charged(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.give_card(subscription, "pm_card_chargeCustomerFail")
    assert renewed(desk, subscription).status == "open"
    assert last_charge(desk).failure_code == "card_declined"


def test_a_card_that_has_expired_on_the_clock_is_declined(desk: Desk) -> None:
    subscription = desk.subscribed()
    now = datetime.fromtimestamp(desk.now, UTC)
    expiry = {"exp_month": now.month, "exp_year": now.year}
    desk.control("POST", f"cards/{card_of(desk, subscription).id}", expiry)
    assert renewed(desk, subscription).status == "open"
    assert last_charge(desk).failure_code == "expired_card"
    [told] = desk.api.v1.events.list({"type": "payment_method.updated"}).data
    assert told.data.previous_attributes and "card" in told.data.previous_attributes


def test_a_card_is_good_to_the_end_of_its_month(desk: Desk) -> None:
    subscription = desk.subscribed()
    due = datetime.fromtimestamp(int(subscription.trial_end or 0), UTC)
    expiry = {"exp_month": due.month, "exp_year": due.year}
    desk.control("POST", f"cards/{card_of(desk, subscription).id}", expiry)
    assert renewed(desk, subscription).status == "paid"


def test_the_network_replaces_a_card_and_the_retry_is_paid(desk: Desk) -> None:
    subscription = desk.subscribed()
    card = card_of(desk, subscription)
    desk.control("POST", f"cards/{card.id}", {"exp_month": 1, "exp_year": 2020})
    late = renewed(desk, subscription)
    assert late.status == "open" and late.next_payment_attempt
    desk.control("POST", f"cards/{card.id}/updated", {"last4": "1881"})
    [told] = desk.api.v1.events.list({"type": "payment_method.automatically_updated"}).data
    assert told.data.object["card"]["last4"] == "1881"
    desk.advance_to(late.next_payment_attempt + HOUR)
    assert desk.invoices(subscription.id)[-1].status == "paid"
    assert card_of(desk, subscription).id == card.id


def test_a_card_s_behaviour_changes_by_switch(desk: Desk) -> None:
    subscription = desk.subscribed()
    card = card_of(desk, subscription)
    desk.control("POST", f"cards/{card.id}", {"behaviour": "insufficient_funds"})
    late = renewed(desk, subscription)
    desk.control("POST", f"cards/{card.id}", {"behaviour": "passes"})
    assert last_charge(desk).outcome.reason == "insufficient_funds"  # type: ignore[union-attr]
    desk.advance(4 * DAY)
    assert desk.api.v1.invoices.retrieve(str(late.id)).status == "paid"


def test_nonsense_about_cards_is_refused(desk: Desk) -> None:
    card = card_of(desk, desk.subscribed()).id
    for body in ({}, {"behaviour": "explodes"}, {"exp_month": 13}, {"exp_year": "soon"}):
        answer = desk.browser.post(f"{desk.url}/_sandbox/cards/{card}", json=body)
        assert answer.status_code == 400
    answer = desk.browser.post(f"{desk.url}/_sandbox/cards/pm_none", json={"behaviour": "passes"})
    assert answer.status_code == 404
