"""The postcode, on which tax depends in some countries: asked for while booking and later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.billing.conftest import Client, invoices
from tests.engagements.conftest import started
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.db import session

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def taxes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe reckons them."""
    settings = replace(app.config["SETTINGS"], stripe_tax=True)
    monkeypatch.setitem(app.config, "SETTINGS", settings)


@pytest.mark.usefixtures("taxes")
@pytest.mark.parametrize(
    ("country", "typed", "says"),
    [
        ("US", "", "the tax on invoices depends on it"),
        ("CA", "", "the tax on invoices depends on it"),
        ("US", "4101", "There they look like 04101."),
        ("CA", "12345", "There they look like K1A 0B6."),
        ("DE", "x" * 21, "20 characters"),
    ],
)
def test_what_is_missing_or_wrong_is_told_beside_the_field(
    client: FlaskClient, country: str, typed: str, says: str
) -> None:
    answer = started().type_details(client, country=country, postal_code=typed)
    assert answer.status_code == 422 and 'id="postal_code-error"' in answer.text
    assert says in answer.text


@pytest.mark.usefixtures("taxes")
@pytest.mark.parametrize(
    ("country", "typed"), [("US", "04101-1234"), ("CA", "k1a0b6"), ("DE", ""), ("IE", "D02 AF30")]
)
def test_what_a_country_writes_is_kept(client: FlaskClient, country: str, typed: str) -> None:
    booking = started()
    assert booking.type_details(client, country=country, postal_code=typed).status_code == 303
    assert booking.engagement.details.postal_code == typed


def test_without_taxes_nobody_has_to_give_it(client: FlaskClient, app: Flask) -> None:
    assert started().type_details(client, country="US", postal_code="").status_code == 303


@pytest.mark.usefixtures("taxes")
def test_a_client_changes_it_and_cannot_take_it_away(payer: Client, sign_in: SignIn) -> None:
    company = payer.engagement.company
    assert company
    company.country = "US"
    session.commit()
    sponsor = company.people(Role.SPONSOR)[0]
    browser, url = sign_in(sponsor), f"/billing/{company.id}/details"
    typed = {"name": company.name, "address": "1 Quay Street\nPortland, ME 04101"}
    refused = browser.post(url, data=typed | {"postal_code": ""})
    assert refused.status_code == 422 and 'id="postal_code-error"' in refused.text
    assert browser.post(url, data=typed | {"postal_code": "04101"}).status_code in {302, 303}
    session.expire_all()
    assert company.postal_code == "04101"


@pytest.mark.usefixtures("taxes")
def test_an_invoice_that_we_send_is_taxed_where_the_postcode_says_so(payer: Client) -> None:
    company = payer.engagement.company
    assert company
    company.country, company.postal_code, company.net_days = "US", "04101", 14
    session.commit()
    assert payer.browser.post(payer.url("pay/invoice")).status_code == 303
    payer.hear()
    [invoice] = invoices()
    theirs = [one for one in payer.stripe.objects("invoice") if one["id"] == invoice.stripe_id]
    assert [one["automatic_tax"]["status"] for one in theirs] == ["complete"]
    assert theirs[0]["customer_address"]["postal_code"] == "04101"
