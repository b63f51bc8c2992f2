"""Paying on the hosted Checkout page, once, whatever the customer's fingers and bank do."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import CARD, DAY, Desk, price

DECLINED, NO_FUNDS, LATER = "4000000000000002", "4000000000009995", "4000000000000341"
ASKS_ONCE, ASKS_ALWAYS = "4000002500003155", "4000000000003220"


def session_of(desk: Desk, session: Any) -> Any:
    paths = [
        "subscription.latest_invoice.payments",
        "invoice.payments",
        "payment_intent.latest_charge",
    ]
    given = {"expand": paths if session.mode == "payment" else paths[:1]}
    return desk.api.v1.checkout.sessions.retrieve(session.id, given)


def trouble(page: str) -> str:
    found = re.search(r'id="card-error"[^>]*>([^<]*)', page)
    return found[1] if found else ""


def test_a_retainer_is_paid_at_once_and_renews_from_the_trials_end(desk: Desk) -> None:
    trial_end = desk.now + 31 * DAY
    session = desk.retainer(desk.customer(), subscription_data={"trial_end": trial_end})
    assert (session.amount_total, session.payment_status, session.status) == (
        600_000,
        "unpaid",
        "open",
    )
    answer = desk.pay(session)
    assert answer.headers["Location"] == f"http://app.test/booked?session={session.id}"
    done = session_of(desk, session)
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    subscription = done.subscription
    assert (subscription.status, subscription.trial_end) == ("trialing", trial_end)
    assert subscription["items"].data[0].current_period_end == trial_end
    assert subscription.billing_cycle_anchor == trial_end
    assert subscription.metadata.to_dict() == {"engagement": "e1"}


def test_the_first_invoice_has_the_one_time_lines_and_a_trial_line_of_nothing(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    desk.pay(session)
    invoice = session_of(desk, session).subscription.latest_invoice
    assert (invoice.billing_reason, invoice.status, invoice.amount_paid) == (
        "subscription_create",
        "paid",
        600_000,
    )
    lines = {line.description: line.amount for line in invoice.lines.data}
    assert lines == {"First month": 500_000, "Deposit": 100_000, "Trial period for Retainer": 0}
    kinds = {line.description: line.parent.type for line in invoice.lines.data}
    assert kinds["Deposit"] == "invoice_item_details"
    assert kinds["Trial period for Retainer"] == "subscription_item_details"
    payment = invoice.payments.data[0]
    intent = desk.api.v1.payment_intents.retrieve(payment.payment.payment_intent)
    assert (payment.status, intent.status, intent.amount_received) == ("paid", "succeeded", 600_000)


def test_a_diagnostic_is_a_payment_with_an_invoice(desk: Desk) -> None:
    session = desk.api.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [price(350_000, "Diagnostic")],
            "customer": desk.customer().id,
            "invoice_creation": {
                "enabled": True,
                "invoice_data": {"metadata": {"engagement": "e9"}},
            },
            "payment_intent_data": {"metadata": {"engagement": "e9"}, "description": "Diagnostic"},
            "success_url": "http://app.test/ok",
        }
    )
    assert session.payment_intent is None
    desk.pay(session)
    done = session_of(desk, session)
    assert (done.invoice.status, done.invoice.amount_paid, done.invoice.parent) == (
        "paid",
        350_000,
        None,
    )
    assert done.invoice.metadata.to_dict() == {"engagement": "e9"}
    assert done.invoice.payments.data[0].payment.payment_intent == done.payment_intent.id
    assert done.payment_intent.latest_charge.paid
    assert done.payment_intent.metadata.to_dict() == {"engagement": "e9"}
    assert done.invoice.hosted_invoice_url and done.invoice.invoice_pdf


@pytest.mark.parametrize(
    ("number", "message", "code"),
    [
        (DECLINED, "Your card was declined.", "generic_decline"),
        (NO_FUNDS, "Your card has insufficient funds.", "insufficient_funds"),
        (LATER, "Your card was declined.", "generic_decline"),
        ("4000000000000069", "Your card has expired.", None),
        ("4000000000000127", "Your card&#39;s security code is incorrect.", None),
        (
            "4111111111111111",
            "Your card was declined. This is a test: use one of the test cards.",
            "test_mode_live_card",
        ),
    ],
)
def test_a_declined_card_is_told_in_place_and_what_was_typed_stays(
    desk: Desk, number: str, message: str, code: str | None
) -> None:
    session = desk.retainer(desk.customer())
    answer = desk.pay(session, number, name="Zoë <b>")
    assert answer.status_code == 402
    assert trouble(answer.text) == message
    assert f'value="{number}"' in answer.text and 'value="Zoë &lt;b&gt;"' in answer.text
    assert desk.api.v1.subscriptions.list({"status": "all"}).data == []
    [intent] = desk.api.v1.payment_intents.list().data
    assert intent.last_payment_error.decline_code == code
    assert desk.pay(session).status_code == 303
    assert [i.status for i in desk.api.v1.payment_intents.list().data] == ["succeeded"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"number": "4242"}, "number"),
        ({"number": "4242424242424241"}, "number"),
        ({"exp": "13/40"}, "exp"),
        ({"exp": "01/20"}, "exp"),
        ({"cvc": "1"}, "cvc"),
        ({"email": "nobody"}, "email"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_entry_is_told_beside_its_field(
    desk: Desk, typed: dict[str, str], field: str
) -> None:
    session = desk.retainer(desk.customer())
    answer = desk.browser.post(session.url, data=CARD | typed)
    assert answer.status_code == 422
    assert re.findall(r'id="(\w+)-error"', answer.text) == [field]
    assert desk.api.v1.payment_intents.list().data == []


def test_three_d_secure_passed_failed_and_passed_again(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    challenge = desk.pay(session, ASKS_ONCE).headers["Location"]
    failed = desk.browser.post(desk.url + challenge, data={"outcome": "fail"})
    assert failed.status_code == 402 and "unable to authenticate" in trouble(failed.text)
    challenge = desk.pay(session, ASKS_ALWAYS).headers["Location"]
    assert 'id="complete"' in desk.browser.get(desk.url + challenge).text
    passed = desk.browser.post(
        desk.url + challenge, data={"outcome": "complete"}, allow_redirects=False
    )
    assert passed.headers["Location"].startswith("http://app.test/booked")
    assert session_of(desk, session).subscription.status == "trialing"
    assert len(desk.api.v1.payment_intents.list().data) == 1


def test_three_d_secure_abandoned_expires_with_nothing_left(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    desk.pay(session, ASKS_ALWAYS)
    desk.advance(DAY + 1)
    assert session_of(desk, session).status == "expired"
    assert desk.api.v1.subscriptions.list({"status": "all"}).data == []
    assert desk.api.v1.payment_intents.list().data[0].status == "canceled"
    assert "checkout.session.expired" in desk.event_types()


def test_pay_pressed_in_many_tabs_at_once_charges_once(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    with ThreadPoolExecutor(8) as tabs:
        answers = list(tabs.map(lambda _: desk.pay(session), range(8)))
    assert {a.status_code for a in answers} == {303}
    assert len({a.headers["Location"] for a in answers}) == 1
    assert len(desk.api.v1.subscriptions.list().data) == 1
    assert [c.status for c in desk.api.v1.charges.list().data] == ["succeeded"]
    assert desk.event_types().count("checkout.session.completed") == 1


def test_a_guest_becomes_one_customer_when_the_money_is_there(desk: Desk) -> None:
    session = desk.retainer(customer_email="ann@example.com")
    assert 'value="ann@example.com"' in desk.browser.get(session.url).text
    desk.pay(session, DECLINED)
    assert desk.api.v1.customers.list().data == []
    desk.pay(session)
    [customer] = desk.api.v1.customers.list().data
    assert session_of(desk, session).customer == customer.id
    assert desk.api.v1.charges.list().data[0].customer == customer.id


def test_what_was_typed_reaches_the_customer_only_when_asked_for(desk: Desk) -> None:
    kept, taken = desk.customer(), desk.customer()
    desk.pay(desk.retainer(kept), name="Typed")
    desk.pay(desk.retainer(taken, customer_update={"name": "auto"}), name="Typed")
    names = [desk.api.v1.customers.retrieve(c.id).name for c in (kept, taken)]
    assert names == ["Acme", "Typed"]


def test_an_expired_session_says_so_and_leads_back(desk: Desk) -> None:
    session = desk.retainer(desk.customer(), expires_at=desk.now + 1900)
    desk.advance(1901)
    page = desk.browser.get(session.url)
    assert page.status_code == 410 and "http://app.test/back" in page.text
    assert desk.pay(session).status_code == 410
    assert session_of(desk, session).status == "expired"


def test_the_page_leads_back_and_names_what_is_due_today(desk: Desk) -> None:
    page = desk.browser.get(desk.retainer(desk.customer()).url).text
    assert 'id="back" href="http://app.test/back"' in page
    assert "Pay $6,000.00" in page and "$5,000.00 per month" in page
    assert "<script" not in page and "test mode" in page


def test_setup_mode_puts_a_card_on_file(desk: Desk) -> None:
    customer = desk.customer()
    session = desk.api.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "customer": customer.id,
            "currency": "usd",
            "success_url": "http://app.test/ok",
        }
    )
    assert desk.pay(session, LATER).status_code == 303
    done = desk.api.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert done.setup_intent.status == "succeeded"
    [method] = desk.api.v1.customers.payment_methods.list(customer.id).data
    assert (method.card.last4, done.setup_intent.payment_method) == ("0341", method.id)


def test_a_subscription_with_nothing_due_today_needs_no_payment(desk: Desk) -> None:
    session = desk.retainer(desk.customer(), line_items=[price(500_000, "Retainer", monthly=True)])
    assert session.amount_total == 0
    assert "Start subscription" in desk.browser.get(session.url).text
    desk.pay(session)
    done = session_of(desk, session)
    assert (done.payment_status, done.subscription.status) == ("no_payment_required", "trialing")
    assert (
        done.subscription.latest_invoice.status,
        done.subscription.latest_invoice.amount_paid,
    ) == ("paid", 0)


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"expires_at": 60}, "expires_at"),
        ({"subscription_data": {"trial_end": 3600}}, "subscription_data[trial_end]"),
        ({"mode": "payment", "subscription_data": {}}, "subscription_data"),
        ({"line_items": []}, "line_items"),
        ({"line_items": [price(1, "Once")]}, "line_items"),
        (
            {"line_items": [price(1, "A", monthly=True), price(1, "B", currency="eur")]},
            "line_items",
        ),
        ({"customer": "cus_unknown"}, "customer"),
    ],
)
def test_a_session_that_makes_no_sense_is_refused(
    desk: Desk, values: dict[str, Any], param: str
) -> None:
    now = desk.now
    if "expires_at" in values:
        values = {"expires_at": now + values["expires_at"]}
    if values.get("subscription_data"):
        values = {"subscription_data": {"trial_end": now + 3600}}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.retainer(**values)
    assert refusal.value.param == param


def test_currencies_do_not_mix_on_one_customer(desk: Desk) -> None:
    customer = desk.customer()
    desk.pay(desk.retainer(customer))
    with pytest.raises(stripe.InvalidRequestError, match="combine currencies"):
        desk.retainer(customer, line_items=[price(5_000, "Retainer", monthly=True, currency="eur")])
