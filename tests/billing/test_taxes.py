"""Taxes reckoned by Stripe, where the firm has switched them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import Client, failed_jobs, invoices, rows
from tests.standin import visible
from webapp.access import Role
from webapp.accounts.models import Person, TaxId
from webapp.billing.models import Customer
from webapp.db import session
from webapp.money import Money


@pytest.fixture
def taxed(
    begin: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, app: Any
) -> Iterator[Callable[..., Client]]:
    """A client of a German firm with tax switched on; values are the offering's."""
    made: list[Client] = []

    def make_one(country: str, **offering: Any) -> Client:
        client = begin(**({"currency": "EUR"} | offering))
        settings = replace(app.config["SETTINGS"], stripe_tax=True)
        monkeypatch.setitem(app.config, "SETTINGS", settings)
        client.stripe.control("rules", country="DE", registered=[])
        client.engagement.company.country = country  # type: ignore[union-attr]
        session.commit()
        made.append(client)
        return client

    yield make_one
    for client in made:
        client.stripe.control("rules", country="US", registered=[])


def tax_id(client: Client, kind: str, value: str) -> None:
    company = client.engagement.company
    assert company
    company.tax_ids.append(TaxId(kind=kind, value=value))
    session.commit()


def pay_from(client: Client, country: str) -> None:
    answer = client.stripe.pay(client.to_checkout(), country=country)
    assert answer.status_code == 303, answer.text
    client.hear()


def test_tax_is_added_to_what_is_bought_and_not_to_the_deposit(
    taxed: Callable[..., Client],
) -> None:
    client = taxed("DE")
    assert "plus tax" in visible(client.browser.get(client.url("pay")).text)
    pay_from(client, "DE")
    [invoice] = invoices()
    assert (invoice.subtotal, invoice.tax) == (Money(600000, "EUR"), Money(95000, "EUR"))
    assert invoice.total == invoice.paid == Money(695000, "EUR")
    assert client.engagement.stage == "onboarding", failed_jobs()
    assert "95" in client.mails("Receipt")[0]


def test_tax_is_shown_once_stripe_has_said_how_much(taxed: Callable[..., Client]) -> None:
    client = taxed("DE")
    client.to_checkout()
    page = visible(client.browser.get(client.url("pay")).text)
    assert "Tax" in page and "€950.00" in page and "Pay €6,950.00" in page


def test_thanks_tells_what_was_paid_with_its_tax(taxed: Callable[..., Client]) -> None:
    client = taxed("DE")
    pay_from(client, "DE")
    page = visible(client.browser.get(client.url("done")).text)
    assert "€950.00" in page and "€6,950.00" in page and "€6,000.00" not in page
    assert "€5,000.00, plus tax, is charged the same way" in page


def test_company_abroad_with_a_vat_number_accounts_for_it_itself(
    taxed: Callable[..., Client],
) -> None:
    client = taxed("AT")
    tax_id(client, "eu_vat", "ATU13585627")
    pay_from(client, "AT")
    [invoice] = invoices()
    assert (invoice.tax, invoice.reverse_charge) == (Money(0, "EUR"), True)
    assert invoice.total == Money(600000, "EUR")
    assert "everse charge" in client.mails("Receipt")[0]


def test_switched_off_nothing_is_asked_of_stripe_about_tax(payer: Client) -> None:
    assert "plus tax" not in visible(payer.browser.get(payer.url("pay")).text)
    payer.start()
    [opened] = payer.stripe.of("checkout.session", payer.engagement.id)
    assert opened["automatic_tax"]["enabled"] is False
    assert invoices()[0].tax == Money(0, "USD")


def test_tax_ids_on_file_are_stripes_and_removed_ones_go(
    payer: Client, sign_in: Callable[[Person], FlaskClient]
) -> None:
    company = payer.start().company
    assert company
    finance = sign_in(make.person(Role.FINANCE))
    address = f"/practice/companies/{company.id}"
    for kind, value in (("gb_vat", "GB980780684"), ("us_ein", "04-2103594")):
        finance.post(f"{address}/tax-ids", data={"kind": kind, "value": value})
    payer.hear()
    assert theirs(payer) == {("gb_vat", "GB980780684"), ("us_ein", "04-2103594")}
    for row in rows(TaxId):
        finance.post(f"{address}/tax-ids/{row.id}/remove")
    payer.hear()
    assert theirs(payer) == set(), failed_jobs()


def theirs(client: Client) -> set[tuple[str, str]]:
    """The tax ids Stripe has for the client."""
    [customer] = rows(Customer)
    found = client.stripe.objects("tax_id", customer=customer.stripe_id)
    return {(one["type"], one["value"]) for one in found}
