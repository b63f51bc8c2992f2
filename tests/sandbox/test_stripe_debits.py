"""Bank debits: days under way, then paid or returned; at Checkout, for renewals, on the invoice."""

import pytest
import requests
import stripe

from tests.sandbox.stripe_desk import DAY, Desk, price

ACH = {
    "account_email": "ann@example.com",
    "account_name": "Acme Ltd",
    "routing": "110000000",
    "account": "000123456789",
}
SEPA = {k: v for k, v in ACH.items() if k.startswith("account_")} | {
    "iban": "AT61 1904 3002 3457 3201"
}
RETURNED = "000222222227"


def debit(desk: Desk, session: stripe.checkout.Session, **typed: str) -> requests.Response:
    form = (SEPA if "iban" in typed or session.currency == "eur" else ACH) | typed
    return desk.browser.post(f"{session.url}/bank", data=form, allow_redirects=False)


def after(desk: Desk, session: stripe.checkout.Session) -> stripe.checkout.Session:
    path = {"expand": ["subscription", "invoice"]}
    return desk.api.v1.checkout.sessions.retrieve(session.id, path)


def told(desk: Desk, prefix: str) -> list[str]:
    return [one for one in desk.event_types() if one.startswith(prefix)]


def test_checkout_is_complete_but_unpaid_until_the_debit_has_cleared(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    assert session.payment_method_types == ["card", "us_bank_account"]
    assert debit(desk, session).headers["Location"].startswith("http://app.test/booked")
    found = after(desk, session)
    assert (found.status, found.payment_status) == ("complete", "unpaid")
    assert found.invoice.status == "open" and found.subscription.status == "trialing"
    assert found.invoice.amount_remaining == 600_000
    desk.advance(9 * DAY)
    found = after(desk, session)
    assert (found.payment_status, found.invoice.status) == ("paid", "paid")
    assert told(desk, "checkout.session") == [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
    ]
    assert told(desk, "payment_intent") == [
        "payment_intent.created",
        "payment_intent.processing",
        "payment_intent.succeeded",
    ]


def test_a_returned_debit_leaves_the_invoice_open_and_the_subscription_late(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    assert debit(desk, session, account=RETURNED).status_code == 303
    desk.advance(9 * DAY)
    found = after(desk, session)
    assert (found.payment_status, found.invoice.status) == ("unpaid", "open")
    assert found.subscription.status == "past_due"
    assert "checkout.session.async_payment_failed" in desk.event_types()
    assert "invoice.payment_failed" in desk.event_types()
    [charge] = desk.api.v1.charges.list().data
    assert (charge.status, charge.failure_code) == ("failed", "insufficient_funds")
    assert desk.api.v1.balance_transactions.list().data == []


@pytest.mark.parametrize(
    ("number", "first", "then"),
    [("000123456789", "incomplete", "trialing"), (RETURNED, "incomplete", "incomplete_expired")],
)
def test_a_subscription_may_also_wait_for_its_first_debit(
    desk: Desk, number: str, first: str, then: str
) -> None:
    """Stripe's page on statuses says so of a payment that is processing; the rule plays it."""
    desk.control("POST", "rules", {"debits_begin": False})
    session = desk.retainer(desk.customer())
    debit(desk, session, account=number)
    desk.advance(2 * DAY)
    assert after(desk, session).subscription.status == first
    desk.advance(9 * DAY)
    assert after(desk, session).subscription.status == then


def test_the_account_is_kept_for_renewals(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    debit(desk, session)
    subscription = after(desk, session).subscription
    method = desk.api.v1.payment_methods.retrieve(subscription.default_payment_method)
    assert method.type == "us_bank_account" and method.us_bank_account
    assert (method.us_bank_account.bank_name, method.us_bank_account.last4) == (
        "STRIPE TEST BANK",
        "6789",
    )
    desk.advance_to(subscription.trial_end + 3 * 3600)
    renewal = desk.invoices(subscription.id)[-1]
    assert (renewal.status, renewal.attempted, renewal.next_payment_attempt) == ("open", True, None)
    desk.advance(8 * DAY)
    assert desk.invoices(subscription.id)[-1].status == "paid"
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_renewal_s_returned_debit_is_tried_again(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.give_card(subscription, "pm_usBankAccount_insufficientFunds")
    desk.advance_to(subscription.trial_end + 3 * 3600)
    [intent] = [i for i in desk.api.v1.payment_intents.list().data if i.status == "processing"]
    desk.control("POST", f"debits/{intent.id}", {"return": "insufficient_funds"})
    renewal = desk.invoices(subscription.id)[-1]
    assert renewal.status == "open" and renewal.next_payment_attempt
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "past_due"


def test_euros_are_debited_by_sepa_with_its_fee(desk: Desk) -> None:
    session = desk.api.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [price(100_000, "Day", currency="eur")],
            "success_url": "http://app.test/done",
        }
    )
    page = desk.browser.get(str(session.url))
    assert "SEPA" in page.text and 'name="iban"' in page.text
    wrong = debit(desk, session, iban="AT61 1904 3002 3457 3202")
    assert wrong.status_code == 422 and "iban-error" in wrong.text
    assert debit(desk, session).status_code == 303
    desk.advance(9 * DAY)
    [booked] = desk.api.v1.balance_transactions.list({"expand": ["data.source"]}).data
    assert (booked.fee, booked.type, booked.status) == (600, "payment", "available")
    assert booked.source.payment_method_details.sepa_debit.last4 == "3201"


def test_a_debit_can_be_cleared_or_returned_by_switch(desk: Desk) -> None:
    for body, status in (({}, "succeeded"), ({"return": "no_account"}, "requires_payment_method")):
        session = desk.retainer(desk.customer())
        debit(desk, session, account="000000000009")
        desk.advance(30 * DAY)
        [intent] = [i for i in desk.api.v1.payment_intents.list().data if i.status == "processing"]
        assert desk.control("POST", f"debits/{intent.id}", body)["status"] == status


def test_an_invoice_is_not_voided_or_paid_again_while_its_debit_is_under_way(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    debit(desk, session)
    invoice = after(desk, session).invoice
    with pytest.raises(stripe.InvalidRequestError, match="processing"):
        desk.api.v1.invoices.void_invoice(invoice.id)
    with pytest.raises(stripe.InvalidRequestError, match="processing"):
        desk.api.v1.invoices.pay(invoice.id)
    page = desk.browser.get(invoice.hosted_invoice_url)
    assert "processing" in page.text and 'id="pay-form"' not in page.text


def test_the_portal_and_the_invoice_page_take_bank_accounts(desk: Desk) -> None:
    subscription = desk.subscribed()
    customer = str(subscription.customer)
    portal = desk.api.v1.billing_portal.sessions.create(
        {"customer": customer, "return_url": "http://app.test/"}
    )
    assert desk.browser.post(f"{portal.url}/bank", data=ACH).status_code == 200
    kept = desk.api.v1.subscriptions.retrieve(
        subscription.id, {"expand": ["default_payment_method"]}
    ).default_payment_method
    assert isinstance(kept, stripe.PaymentMethod) and kept.type == "us_bank_account"
    assert "STRIPE TEST BANK" in desk.browser.get(portal.url).text
    desk.give_card(subscription, "pm_card_chargeCustomerFail")
    desk.advance_to(subscription.trial_end + 3 * 3600)
    late = desk.invoices(subscription.id)[-1]
    assert desk.browser.post(f"{late.hosted_invoice_url}/bank", data=ACH).status_code == 200
    desk.advance(8 * DAY)
    assert desk.invoices(subscription.id)[-1].status == "paid"
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_refund_to_a_bank_account_takes_days(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    debit(desk, session)
    desk.advance(9 * DAY)
    [charge] = desk.api.v1.charges.list().data
    made = desk.api.v1.refunds.create({"charge": charge.id, "amount": 100})
    assert made.status == "pending"
    desk.advance(9 * DAY)
    assert desk.api.v1.refunds.retrieve(made.id).status == "succeeded"


def test_debits_are_offered_where_the_account_has_switched_them_on(desk: Desk) -> None:
    session = desk.retainer(desk.customer(), excluded_payment_method_types=["us_bank_account"])
    assert debit(desk, session).status_code == 404
    desk.control("POST", "rules", {"bank_debits": False})
    assert desk.retainer(desk.customer()).payment_method_types == ["card"]
