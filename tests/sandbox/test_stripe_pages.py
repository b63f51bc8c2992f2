"""The portal and the hosted invoice, as a customer without JavaScript meets them."""

import re

import stripe

from sandbox.stripe.pages.pdf import invoice_pdf
from tests.sandbox.stripe_desk import CARD, Desk

HOUR = 3600
FAILS_LATER, ASKS, DECLINED = "4000000000000341", "4000000000003220", "4000000000000002"


def portal(desk: Desk, customer: str) -> str:
    values = {"customer": customer, "return_url": "http://app.test/account"}
    return desk.api.v1.billing_portal.sessions.create(values).url


def default_card(desk: Desk, subscription: stripe.Subscription) -> str:
    found = desk.api.v1.subscriptions.retrieve(
        subscription.id, {"expand": ["default_payment_method"]}
    )
    assert isinstance(found.default_payment_method, stripe.PaymentMethod)
    return str(found.default_payment_method.card.last4)


def overdue(desk: Desk) -> tuple[stripe.Subscription, str]:
    """A subscription past due, and the address of its open invoice."""
    subscription = desk.subscribed()
    desk.browser.post(
        portal(desk, str(subscription.customer)) + "/cards", data=CARD | {"number": FAILS_LATER}
    )
    desk.advance_to(subscription.trial_end + HOUR)
    return subscription, str(desk.invoices(subscription.id)[1].hosted_invoice_url)


def test_a_card_added_in_the_portal_pays_from_then_on(desk: Desk) -> None:
    subscription = desk.subscribed()
    address = portal(desk, str(subscription.customer))
    page = desk.browser.post(address + "/cards", data=CARD | {"number": "5555555555554444"})
    assert page.status_code == 200 and "Mastercard •••• 4444" in page.text
    assert default_card(desk, subscription) == "4444"
    customer = desk.api.v1.customers.retrieve(str(subscription.customer))
    assert customer.invoice_settings.default_payment_method
    assert {"payment_method.attached", "customer.updated"} <= set(desk.event_types())


def test_the_old_card_can_be_made_default_again_and_removed(desk: Desk) -> None:
    subscription = desk.subscribed()
    old = str(subscription.default_payment_method)
    address = portal(desk, str(subscription.customer))
    desk.browser.post(address + "/cards", data=CARD | {"number": "5555555555554444"})
    desk.browser.post(f"{address}/cards/{old}/default")
    assert default_card(desk, subscription) == "4242"
    desk.browser.post(f"{address}/cards/{old}/remove")
    assert desk.api.v1.subscriptions.retrieve(subscription.id).default_payment_method is None
    assert desk.event_types()[-1] == "payment_method.detached"
    assert desk.browser.post(f"{address}/cards/{old}/default").status_code == 404


def test_the_portal_tells_what_is_wrong_with_a_card(desk: Desk) -> None:
    subscription = desk.subscribed()
    address = portal(desk, str(subscription.customer)) + "/cards"
    declined = desk.browser.post(address, data=CARD | {"number": DECLINED})
    assert declined.status_code == 402 and "Your card was declined." in declined.text
    assert 'value="4000000000000002"' in declined.text
    assert desk.browser.post(address, data=CARD | {"cvc": ""}).status_code == 422
    assert default_card(desk, subscription) == "4242"


def test_the_portal_asks_for_three_d_secure(desk: Desk) -> None:
    subscription = desk.subscribed()
    address = portal(desk, str(subscription.customer))
    challenge = desk.browser.post(address + "/cards", data=CARD | {"number": ASKS})
    assert 'id="fail"' in challenge.text
    assert desk.browser.post(challenge.url, data={"outcome": "fail"}).status_code == 402
    assert desk.browser.post(challenge.url, data={"outcome": "complete"}).status_code == 200
    assert default_card(desk, subscription) == "3220"


def test_the_portal_lists_invoices_and_leads_back(desk: Desk) -> None:
    subscription = desk.subscribed()
    page = desk.browser.get(portal(desk, str(subscription.customer))).text
    [invoice] = desk.invoices(subscription.id)
    assert f'href="{invoice.hosted_invoice_url}"' in page and str(invoice.number) in page
    assert 'href="http://app.test/account" id="return"' in page
    assert desk.browser.get(f"{desk.url}/p/session/guessed").status_code == 404


def test_a_flow_ends_where_it_was_told_to(desk: Desk) -> None:
    subscription = desk.subscribed()
    after = {"type": "redirect", "redirect": {"return_url": "http://app.test/thanks"}}
    session = desk.api.v1.billing_portal.sessions.create(
        {
            "customer": str(subscription.customer),
            "flow_data": {"type": "payment_method_update", "after_completion": after},
        }
    )
    answer = desk.browser.post(session.url + "/cards", data=CARD, allow_redirects=False)
    assert answer.headers["Location"] == "http://app.test/thanks"


def test_an_open_invoice_is_paid_on_its_page_once(desk: Desk) -> None:
    subscription, address = overdue(desk)
    page = desk.browser.get(address).text
    assert "Pay $5,000.00" in page and ">Open<" in page
    declined = desk.browser.post(address, data=CARD | {"number": DECLINED})
    assert declined.status_code == 402 and "Your card was declined." in declined.text
    for _ in range(2):
        assert ">Paid<" in desk.browser.post(address, data=CARD).text
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert len([c for c in desk.api.v1.charges.list().data if c.paid]) == 2
    desk.advance(20 * 86400)
    assert desk.invoices(subscription.id)[1].amount_paid == 500_000


def test_an_open_invoice_is_paid_through_three_d_secure(desk: Desk) -> None:
    _, address = overdue(desk)
    challenge = desk.browser.post(address, data=CARD | {"number": ASKS})
    assert desk.browser.post(challenge.url, data={"outcome": "fail"}).status_code == 402
    challenge = desk.browser.post(address, data=CARD | {"number": ASKS})
    assert ">Paid<" in desk.browser.post(challenge.url, data={"outcome": "complete"}).text


def test_the_invoice_has_a_pdf(desk: Desk) -> None:
    desk.api.v1.customers.create({"name": "x"})
    session = desk.retainer(desk.customer(name="Łódź & Søn"))
    desk.pay(session)
    [invoice] = desk.api.v1.invoices.list().data
    page = desk.browser.get(str(invoice.hosted_invoice_url)).text
    assert (
        "Łódź &amp; Søn" in page
        and re.search(r'href="([^"]+)" id="pdf"', page)[1] == invoice.invoice_pdf
    )
    answer = desk.browser.get(str(invoice.invoice_pdf))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-") and len(answer.content) > 1000
    assert desk.browser.get(f"{desk.url}/i/{invoice.id}/guessed").status_code == 404


DETAILS = {
    "billing_name": "Acme Holding",
    "billing_email": "books@acme.example",
    "line1": "1 Dock Road",
    "city": "Portland",
    "state": "ME",
    "postal_code": "04101",
    "country": "us",
}


def test_billing_details_are_corrected_in_the_portal(desk: Desk) -> None:
    customer = desk.customer().id
    address = portal(desk, customer)
    assert 'value="Acme Holding"' not in desk.browser.get(address).text
    page = desk.browser.post(address + "/details", data=DETAILS).text
    assert 'value="Acme Holding"' in page and 'value="1 Dock Road"' in page
    found = desk.api.v1.customers.retrieve(customer)
    assert (found.name, found.email) == ("Acme Holding", "books@acme.example")
    assert (found.address.country, found.address.line2) == ("US", None)
    event = desk.api.v1.events.list({"type": "customer.updated"}).data[0]
    assert event.data.object["address"]["city"] == "Portland"
    assert "name" in event.data.previous_attributes


def test_the_portal_tells_what_is_wrong_with_the_details(desk: Desk) -> None:
    customer = desk.customer().id
    wrong = DETAILS | {"billing_email": "books", "country": "Maine"}
    answer = desk.browser.post(portal(desk, customer) + "/details", data=wrong)
    assert answer.status_code == 422 and 'value="1 Dock Road"' in answer.text
    assert "two letters" in answer.text and "Enter an email address" in answer.text
    assert desk.api.v1.customers.retrieve(customer).address is None


def test_a_configuration_may_keep_the_details_from_customers(desk: Desk) -> None:
    kept = desk.api.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}}
    )
    values = {"customer": desk.customer().id, "configuration": kept.id}
    address = desk.api.v1.billing_portal.sessions.create(values).url
    assert "Billing details" not in desk.browser.get(address).text
    assert desk.browser.post(address + "/details", data=DETAILS).status_code == 404


def test_an_invoice_shows_its_order_number_and_no_empty_period(desk: Desk) -> None:
    customer = desk.customer().id
    fields = [{"name": "Purchase order", "value": "PO-4711"}]
    draft = desk.api.v1.invoices.create({"customer": customer, "custom_fields": fields})
    line = {"customer": customer, "invoice": draft.id, "amount": 5000, "currency": "usd"}
    desk.api.v1.invoice_items.create(line | {"description": "A day"})
    invoice = desk.api.v1.invoices.finalize_invoice(draft.id)
    page = desk.browser.get(str(invoice.hosted_invoice_url)).text
    assert "Purchase order: PO-4711" in page
    assert " – " not in page
    with_field = invoice_pdf({**invoice.to_dict(), "custom_fields": fields})
    assert len(with_field) > len(invoice_pdf({**invoice.to_dict(), "custom_fields": None}))


def test_a_browser_that_asks_for_an_icon_is_not_refused(desk: Desk) -> None:
    assert desk.browser.get(f"{desk.url}/favicon.ico").status_code == 204
