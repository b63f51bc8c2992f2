"""Codes, places and tax numbers on the Checkout page, and what they make of the total."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import CARD, DAY, Desk

TAXED: Any = {"automatic_tax": {"enabled": True}, "tax_id_collection": {"enabled": True}}


def line(desk: Desk, kind: str, amount: int, **more: Any) -> dict[str, Any]:
    identifier = f"rh_{kind}_o1"
    if identifier not in {p.id for p in desk.api.v1.products.list({"limit": 100}).data}:
        desk.api.v1.products.create({"id": identifier, "name": kind})
    data = {"currency": "eur", "product": identifier, "unit_amount": amount} | more
    return {"price_data": data | {"tax_behavior": "exclusive"}, "quantity": 1}


def opened(desk: Desk, buyer: stripe.Customer | None = None, **values: Any) -> Any:
    """First month 5,000.00, deposit 1,000.00, and 5,000.00 a month later on."""
    lines = [
        line(desk, "retainer", 500_000, recurring={"interval": "month"}),
        line(desk, "first_month", 500_000),
        line(desk, "deposit", 100_000),
    ]
    return desk.retainer(buyer, line_items=lines, **values)


def coupon(desk: Desk, **values: Any) -> str:
    products = {"products": ["rh_retainer_o1", "rh_first_month_o1"]}
    given: Any = {"percent_off": 10, "duration": "forever", "applies_to": products}
    for kind in ("retainer", "first_month"):
        line(desk, kind, 1)
    return desk.api.v1.coupons.create(given | values).id


def code(desk: Desk, text: str, **values: Any) -> str:
    promotion: Any = {"type": "coupon", "coupon": coupon(desk)}
    return desk.api.v1.promotion_codes.create({"promotion": promotion, "code": text} | values).id


def paid(desk: Desk, session: Any) -> tuple[Any, stripe.Invoice]:
    """The session and its first invoice, once paid with a good card."""
    assert desk.pay(session).status_code == 303
    found = desk.api.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    return found, desk.api.v1.invoices.retrieve(str(found.invoice))


def test_a_coupon_spares_the_deposit_and_goes_on_with_the_subscription(desk: Desk) -> None:
    session = opened(desk, desk.customer(), discounts=[{"coupon": coupon(desk)}])
    assert (session.amount_subtotal, session.amount_total) == (600_000, 550_000)
    assert session.total_details.amount_discount == 50_000
    assert "Pay €5,500.00" in desk.browser.get(session.url).text
    done, invoice = paid(desk, session)
    assert (invoice.amount_paid, invoice.total_discount_amounts[0].amount) == (550_000, 50_000)
    told = {row.description: row.amount_discount for row in done.line_items.data}
    assert told == {"retainer": 0, "first_month": 50_000, "deposit": 0}
    found = desk.api.v1.subscriptions.retrieve(done.subscription)
    desk.advance_to(found.trial_end + 3600)
    assert desk.invoices(found.id)[1].amount_paid == 450_000


def test_a_code_typed_on_the_page_lowers_the_total(desk: Desk) -> None:
    code(desk, "SPRING")
    session = opened(desk, desk.customer(), allow_promotion_codes=True)
    wrong = desk.browser.post(f"{session.url}/code", data={"code": "AUTUMN"})
    assert wrong.status_code == 422 and 'value="AUTUMN"' in wrong.text
    assert 'id="code-error">This code is invalid.' in wrong.text
    page = desk.browser.post(f"{session.url}/code", data={"code": " spring "}).text
    assert "Pay €5,500.00" in page and 'id="used-code">SPRING' in page
    assert "Pay €6,000.00" in desk.browser.post(f"{session.url}/code", data={"code": ""}).text
    desk.browser.post(f"{session.url}/code", data={"code": "SPRING"})
    done, invoice = paid(desk, session)
    assert (invoice.amount_paid, done.discounts[0].promotion_code is not None) == (550_000, True)
    [kept] = desk.api.v1.promotion_codes.list().data
    assert kept.times_redeemed == 1


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"expires_at": 86_400}, "expired"),
        ({"customer": None}, "another customer"),
        (
            {"restrictions": {"minimum_amount": 700_000, "minimum_amount_currency": "eur"}},
            "€7,000.00 or more",
        ),
    ],
)
def test_a_code_that_cannot_be_used_says_why(desk: Desk, values: dict[str, Any], told: str) -> None:
    if "expires_at" in values:
        values = {"expires_at": desk.now + 60}
    if "customer" in values:
        values = {"customer": desk.customer().id}
    code(desk, "SPRING", **values)
    desk.advance(DAY // 4)
    session = opened(desk, desk.customer(), allow_promotion_codes=True)
    page = desk.browser.post(f"{session.url}/code", data={"code": "SPRING"})
    assert page.status_code == 422 and told in page.text


def test_codes_only_where_they_are_allowed(desk: Desk) -> None:
    session = opened(desk, desk.customer())
    assert desk.browser.post(f"{session.url}/code", data={"code": "X"}).status_code == 404
    both: Any = {"discounts": [{"coupon": coupon(desk)}], "allow_promotion_codes": True}
    with pytest.raises(stripe.InvalidRequestError):
        opened(desk, desk.customer(), **both)


def test_tax_is_added_once_the_buyer_has_said_where_they_are(desk: Desk) -> None:
    desk.control("POST", "rules", {"country": "DE"})
    session = opened(desk, **TAXED)
    page = desk.browser.get(session.url).text
    assert 'id="pay-form"' not in page and "once you have said where you are" in page
    wrong = desk.browser.post(f"{session.url}/buyer", data={"country": "Germany"})
    assert wrong.status_code == 422 and 'id="country-error"' in wrong.text
    page = desk.browser.post(f"{session.url}/buyer", data={"country": "de"}).text
    assert "Pay €7,140.00" in page and "€1,140.00" in page
    done, invoice = paid(desk, session)
    assert (invoice.amount_paid, invoice.total_excluding_tax) == (714_000, 600_000)
    assert (done.total_details.amount_tax, done.amount_total) == (114_000, 714_000)
    owner = desk.api.v1.customers.retrieve(str(done.customer))
    assert owner.address.country == "DE" and done.customer_details.address.country == "DE"


def test_a_buyer_in_the_us_gives_the_postal_code_too(desk: Desk) -> None:
    session = opened(desk, **TAXED)
    wrong = desk.browser.post(f"{session.url}/buyer", data={"country": "us"})
    assert wrong.status_code == 422 and 'id="postal_code-error"' in wrong.text
    entry = {"country": "us", "postal_code": "04101"}
    assert 'id="pay-form"' in desk.browser.post(f"{session.url}/buyer", data=entry).text
    done, _ = paid(desk, session)
    owner = desk.api.v1.customers.retrieve(str(done.customer))
    assert (owner.address.country, owner.address.postal_code) == ("US", "04101")


def test_a_business_abroad_answers_for_the_tax_itself(desk: Desk) -> None:
    desk.control("POST", "rules", {"country": "DE"})
    update = {"customer_update": {"address": "auto", "name": "auto"}}
    session = opened(desk, desk.customer(), **TAXED, **update)
    entry = {"country": "FR", "tax_number": "DE1"}
    wrong = desk.browser.post(f"{session.url}/buyer", data=entry)
    assert wrong.status_code == 422 and 'id="tax_number-error"' in wrong.text
    entry["tax_number"] = "FRAB123456789"
    assert "Pay €6,000.00" in desk.browser.post(f"{session.url}/buyer", data=entry).text
    done, invoice = paid(desk, session)
    assert invoice.total_taxes[0].taxability_reason == "reverse_charge"
    assert [n.value for n in done.customer_details.tax_ids] == ["FRAB123456789"]
    renewal = desk.api.v1.invoices.create_preview({"subscription": str(done.subscription)})
    assert (renewal.total, renewal.total_taxes[0].taxability_reason) == (500_000, "reverse_charge")


def test_a_customer_who_could_never_be_taxed_is_refused(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        opened(desk, desk.customer(), automatic_tax={"enabled": True})
    assert refusal.value.code == "customer_tax_location_invalid"
    with pytest.raises(stripe.InvalidRequestError, match="customer_update"):
        opened(desk, desk.customer(), tax_id_collection={"enabled": True})


def test_a_known_address_is_kept_and_taxed_by(desk: Desk) -> None:
    desk.control("POST", "rules", {"country": "AT"})
    place: Any = {"country": "AT", "line1": "Ring 1", "city": "Wien"}
    buyer = desk.customer(address=place)
    update = {"customer_update": {"address": "auto"}}
    session = opened(desk, buyer, automatic_tax={"enabled": True}, **update)
    assert session.amount_total == 720_000
    assert desk.pay(session, **CARD).status_code == 303
    assert desk.api.v1.customers.retrieve(buyer.id).address.line1 == "Ring 1"


def test_a_balance_pays_its_part_of_the_first_invoice(desk: Desk) -> None:
    buyer = desk.customer(balance=-100_000)
    session = opened(desk, buyer)
    assert "Pay €5,000.00" in desk.browser.get(session.url).text
    _, invoice = paid(desk, session)
    assert (invoice.total, invoice.amount_paid) == (600_000, 500_000)
    assert desk.api.v1.charges.list().data[0].amount == 500_000


def test_a_single_payment_is_discounted_and_counted(desk: Desk) -> None:
    once = coupon(desk, duration="once")
    session = desk.api.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [line(desk, "first_month", 50_000)],
            "discounts": [{"coupon": once}],
            "success_url": "http://app.test/done",
        }
    )
    assert session.amount_total == 45_000
    assert desk.pay(session).status_code == 303
    assert desk.api.v1.charges.list().data[0].amount == 45_000
    assert desk.api.v1.coupons.retrieve(once).times_redeemed == 1
