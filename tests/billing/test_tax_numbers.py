"""Tax numbers that clients give themselves: in the booking, and on their billing details."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import Client, rows
from tests.billing.test_taxes import theirs
from tests.engagements.conftest import TYPED, started
from tests.standin import visible
from webapp.access import Role
from webapp.accounts.models import Person, TaxId
from webapp.accounts.tax_ids import of_country
from webapp.audit import AuditEvent
from webapp.db import session

SignIn = Callable[[Person], FlaskClient]


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("AT", "U13585627", ("eu_vat", "ATU13585627")),
        ("DE", "DE 136 695 976", ("eu_vat", "DE136695976")),
        ("GR", "094259216", ("eu_vat", "EL094259216")),
        ("GB", "980 7806 84", ("gb_vat", "GB980780684")),
        ("US", "042103594", ("us_ein", "04-2103594")),
    ],
)
def test_a_number_is_read_by_the_companys_country_with_or_without_its_prefix(
    country: str, typed: str, kept: tuple[str, str]
) -> None:
    assert of_country(country, typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        {"country": "AT", "tax_number": "123"},
        {"country": "BR", "tax_number": "11.222.333/0001-81"},
    ],
)
def test_what_is_no_number_of_that_country_is_told_beside_the_field(
    app: object, client: FlaskClient, typed: dict[str, str]
) -> None:
    booking = started()
    answer = booking.type_details(client, **typed)
    assert answer.status_code == 422
    assert typed["tax_number"] in answer.text
    assert 'id="tax_number-error"' in answer.text
    assert rows(TaxId) == []


def test_a_number_typed_while_booking_is_the_companys_and_stripes_before_it_is_paid(
    begin: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TYPED, "country", "AT")
    monkeypatch.setitem(TYPED, "tax_number", "U13585627")
    payer = begin()
    [kept] = rows(TaxId)
    assert (kept.kind, kept.value) == ("eu_vat", "ATU13585627")
    assert [row.action for row in rows(AuditEvent)].count("company.tax_id_added") == 1
    payer.to_checkout()
    assert theirs(payer) == {("eu_vat", "ATU13585627")}
    [opened] = payer.stripe.of("checkout.session", payer.engagement.id)
    assert not (opened["tax_id_collection"] or {}).get("enabled")


def test_a_company_whose_number_is_on_file_is_not_asked_again(
    begin: Callable[..., Client], client: FlaskClient, sign_in: SignIn
) -> None:
    engagement = begin().engagement
    company, sponsor = engagement.company, engagement.sponsor
    assert company and sponsor
    again = started()
    browser = sign_in(sponsor)
    assert 'name="tax_number"' in browser.get(again.url()).text
    company.add_tax_id("gb_vat", "GB980780684")
    session.commit()
    assert 'name="tax_number"' not in browser.get(again.url()).text


def test_who_pays_adds_a_number_and_takes_it_off_and_stripe_follows(
    payer: Client, sign_in: SignIn
) -> None:
    engagement = payer.start()
    assert engagement.sponsor
    browser, address = sign_in(engagement.sponsor), f"/billing/{engagement.company_id}"
    bad = browser.post(f"{address}/tax-numbers", data={"kind": "gb_vat", "value": "12"})
    assert bad.status_code == 422 and "That is no VAT number (UK)" in visible(bad.text)
    good = {"kind": "gb_vat", "value": "980 780 684"}
    for _ in range(2):
        assert browser.post(f"{address}/tax-numbers", data=good).status_code == 303
    payer.hear()
    assert theirs(payer) == {("gb_vat", "GB980780684")}
    assert "GB980780684" in browser.get(f"{address}/details").text
    [kept] = rows(TaxId)
    removal = f"{address}/tax-numbers/{kept.id}/remove"
    assert browser.post(removal).status_code == 303
    assert browser.post(removal).status_code == 404
    payer.hear()
    assert theirs(payer) == set() and rows(TaxId) == []
    told = [row.action for row in rows(AuditEvent) if row.action.startswith("company.tax_id")]
    assert told == ["company.tax_id_added", "company.tax_id_removed"]


def test_nobody_else_changes_a_companys_numbers(payer: Client, sign_in: SignIn) -> None:
    engagement = payer.start()
    address, good = f"/billing/{engagement.company_id}", {"kind": "gb_vat", "value": "980780684"}
    stranger = make.person(Role.BILLING, company=make.company())
    reader = make.person(Role.OBSERVER, company=engagement.company)
    session.commit()
    assert sign_in(stranger).post(f"{address}/tax-numbers", data=good).status_code == 404
    assert sign_in(reader).post(f"{address}/tax-numbers", data=good).status_code == 403
    assert rows(TaxId) == []
