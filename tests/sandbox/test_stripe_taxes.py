"""Tax worked out by itself: by where the customer is, and whether they answer for it."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import DAY, Desk

TAXED: Any = {"automatic_tax": {"enabled": True}}


def buyer(desk: Desk, country: str | None, vat: str | None = None, **values: Any) -> str:
    given = {"country": country, **({"postal_code": "04101"} if country == "US" else {})}
    address = {"address": given} if country else {}
    customer = desk.customer(**(address | values)).id
    if vat:
        desk.api.v1.customers.tax_ids.create(customer, {"type": "eu_vat", "value": vat})
    return customer


def invoiced(desk: Desk, customer: str, *amounts: int, **values: Any) -> stripe.Invoice:
    """A finalised invoice over these amounts, all under one product, tax on top."""
    try:
        desk.api.v1.products.retrieve("rh_one_off_all")
    except stripe.InvalidRequestError:
        desk.api.v1.products.create({"id": "rh_one_off_all", "name": "Work"})
    for amount in amounts:
        cost: Any = {
            "currency": "eur",
            "product": "rh_one_off_all",
            "unit_amount": amount,
            "tax_behavior": values.get("behavior", "exclusive"),
        }
        desk.api.v1.invoice_items.create({"customer": customer, "price_data": cost})
    given: Any = {"customer": customer, "currency": "eur", **TAXED}
    made = desk.api.v1.invoices.create(given | {"pending_invoice_items_behavior": "include"})
    return desk.api.v1.invoices.finalize_invoice(made.id)


def at_home(desk: Desk, country: str, *registered: str) -> None:
    desk.control("POST", "rules", {"country": country, "registered": list(registered)})


@pytest.mark.parametrize(
    ("home", "country", "vat", "tax", "reason"),
    [
        ("DE", "DE", None, 19_000, "standard_rated"),
        ("DE", "DE", "DE123456789", 19_000, "standard_rated"),
        ("DE", "FR", None, 20_000, "standard_rated"),
        ("DE", "FR", "FRAB123456789", 0, "reverse_charge"),
        ("DE", "US", None, 0, "not_collecting"),
        ("US", "DE", "DE123456789", 0, "not_collecting"),
        ("US", "US", None, 0, "not_subject_to_tax"),
    ],
)
def test_tax_by_where_both_are(
    desk: Desk, home: str, country: str, vat: str | None, tax: int, reason: str
) -> None:
    at_home(desk, home)
    invoice = invoiced(desk, buyer(desk, country, vat), 100_000)
    assert (invoice.subtotal, invoice.total_excluding_tax) == (100_000, 100_000)
    [total] = invoice.total_taxes
    assert (total.amount, total.taxability_reason) == (tax, reason)
    assert (invoice.total, invoice.amount_due) == (100_000 + tax, 100_000 + tax)
    [line] = invoice.lines.data
    assert (line.taxes[0].amount, line.taxes[0].taxable_amount) == (tax, 100_000 if tax else 0)
    assert invoice.automatic_tax.status == "complete"
    rate = desk.api.v1.tax_rates.retrieve(str(total.tax_rate_details.tax_rate))
    assert (rate.country, bool(rate.percentage)) == (country, bool(tax))
    assert [n.value for n in invoice.customer_tax_ids] == ([vat] if vat else [])


def test_what_the_customer_is_set_to_comes_first(desk: Desk) -> None:
    at_home(desk, "DE")
    exempt = invoiced(desk, buyer(desk, "DE", tax_exempt="exempt"), 5_000)
    assert exempt.total_taxes[0].taxability_reason == "customer_exempt"
    reverse = invoiced(desk, buyer(desk, "DE", tax_exempt="reverse"), 5_000)
    assert (reverse.total_taxes[0].taxability_reason, reverse.total) == ("reverse_charge", 5_000)
    at_home(desk, "US", "FR")
    assert invoiced(desk, buyer(desk, "FR"), 5_000).total == 6_000


def test_tax_inside_the_price(desk: Desk) -> None:
    at_home(desk, "DE")
    invoice = invoiced(desk, buyer(desk, "DE"), 11_900, behavior="inclusive")
    assert (invoice.total, invoice.total_excluding_tax) == (11_900, 10_000)
    assert (invoice.subtotal, invoice.subtotal_excluding_tax) == (11_900, 10_000)


def test_an_item_below_nothing_is_refused_unless_the_rule_says_otherwise(desk: Desk) -> None:
    at_home(desk, "DE")
    with pytest.raises(stripe.InvalidRequestError, match="negative"):
        invoiced(desk, buyer(desk, "DE"), 100_000, -40_000)
    desk.control("POST", "rules", {"negative_taxed": True})
    assert invoiced(desk, buyer(desk, "DE"), 100_000, -40_000).total == 71_400


def test_a_price_that_does_not_say_how_it_is_taxed_is_refused(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="tax_behavior"):
        invoiced(desk, buyer(desk, "DE"), 100, behavior="unspecified")


def test_nobody_knows_where_the_customer_is(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        invoiced(desk, buyer(desk, None), 100)
    assert refusal.value.code == "customer_tax_location_invalid"
    [draft] = desk.api.v1.invoices.list().data
    assert (draft.status, draft.automatic_tax.status) == ("draft", "requires_location_inputs")


@pytest.mark.parametrize("country", ["US", "CA"])
def test_in_some_countries_the_country_alone_does_not_say_which_tax_is_due(
    desk: Desk, country: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        invoiced(desk, buyer(desk, None, address={"country": country}), 100)
    assert refusal.value.code == "customer_tax_location_invalid"


def test_renewals_and_previews_are_taxed_after_discounts(desk: Desk) -> None:
    at_home(desk, "AT")
    customer = buyer(desk, "AT")
    card = desk.api.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    desk.api.v1.products.create({"id": "rh_retainer_o1", "name": "Retainer"})
    monthly: Any = {
        "currency": "eur",
        "product": "rh_retainer_o1",
        "unit_amount": 400_000,
        "tax_behavior": "exclusive",
        "recurring": {"interval": "month"},
    }
    found = desk.api.v1.subscriptions.create(
        {
            "customer": customer,
            "default_payment_method": card,
            "items": [{"price_data": monthly}],
            "discounts": [
                {"coupon": desk.api.v1.coupons.create({"percent_off": 25, "duration": "once"}).id}
            ],
            **TAXED,
        }
    )
    first = desk.invoices(found.id)[0]
    assert (first.total_excluding_tax, first.total, first.amount_paid) == (
        300_000,
        360_000,
        360_000,
    )
    assert desk.api.v1.invoices.create_preview({"subscription": found.id}).total == 480_000
    desk.api.v1.customers.update(customer, {"address": ""})
    desk.advance(32 * DAY)
    second = desk.invoices(found.id)[1]
    assert (second.total, second.status) == (400_000, "paid")
    assert second.automatic_tax.disabled_reason == "finalization_requires_location_inputs"
    alone = desk.api.v1.invoices.create_preview(
        {
            "currency": "eur",
            "customer_details": {
                "address": {"country": "DE"},
                "tax_ids": [{"type": "eu_vat", "value": "DE123456789"}],
            },
            "invoice_items": [{"price_data": {k: monthly[k] for k in monthly if k != "recurring"}}],
            **TAXED,
        }
    )
    assert (alone.total, alone.total_taxes[0].taxability_reason) == (400_000, "reverse_charge")


def test_tax_numbers_are_checked_verified_listed_and_removed(desk: Desk) -> None:
    customer, numbers = buyer(desk, "DE"), desk.api.v1.customers.tax_ids
    good = numbers.create(customer, {"type": "eu_vat", "value": "de123456789"})
    assert (good.value, good.country, good.verification.status) == (
        "DE123456789",
        "DE",
        "pending",
    )
    wrong = numbers.create(customer, {"type": "eu_vat", "value": "DE111111111"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        numbers.create(customer, {"type": "eu_vat", "value": "12345"})
    assert refusal.value.code == "tax_id_invalid"
    desk.advance(10)
    assert numbers.retrieve(customer, good.id).verification.status == "verified"
    assert numbers.retrieve(customer, wrong.id).verification.status == "unverified"
    assert numbers.delete(customer, wrong.id).deleted
    whole = desk.api.v1.customers.retrieve(customer, {"expand": ["tax_ids"]})
    assert (
        [n.id for n in whole.tax_ids.data]
        == [good.id]
        == [n.id for n in numbers.list(customer).data]
    )
    assert "customer.tax_id.updated" in desk.event_types()
