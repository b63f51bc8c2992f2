"""The back office's pages of client companies and of codes for a reduction."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Company, Person, TaxId
from webapp.accounts.tax_ids import KINDS, normal
from webapp.audit import AuditEvent
from webapp.billing.models import Coupon
from webapp.db import session

SignIn = Callable[[Person], FlaskClient]
DETAILS = {"name": "Harbour Foods", "country": "GB", "address": "1 Quay Street", "net_days": "30",
           "purchase_order": "PO-9"}  # fmt: skip
CODE = {"code": "spring-20", "off": "percent", "percent": "20", "length": "months", "months": "3",
        "currency": "USD"}  # fmt: skip


@pytest.fixture
def finance(sign_in: SignIn, app: object) -> FlaskClient:
    return sign_in(make.person(Role.FINANCE))


@pytest.fixture
def harbour(app: object) -> Company:
    client = make.company(name="Harbour")
    session.commit()
    return client


# -- companies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.FINANCE, Role.COORDINATOR, Role.OWNER])
def test_firm_sets_net_days_and_it_is_written_down(
    sign_in: SignIn, harbour: Company, role: Role
) -> None:
    person = sign_in(make.person(role))
    assert person.post(f"/practice/companies/{harbour.id}", data=DETAILS).status_code == 303
    assert (harbour.net_days, harbour.name, harbour.purchase_order) == (30, "Harbour Foods", "PO-9")
    [noted] = session.scalars(select(AuditEvent).filter_by(action="company.changed"))
    assert noted.detail["net_days"] == [None, 30]
    page = visible(person.get("/practice/companies?q=harb").text)
    assert "Harbour Foods" in page and "by invoice, within 30 days" in page


def test_empty_net_days_means_by_card_again(finance: FlaskClient, harbour: Company) -> None:
    harbour.net_days = 14
    session.commit()
    finance.post(f"/practice/companies/{harbour.id}", data=DETAILS | {"net_days": ""})
    assert harbour.net_days is None


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("net_days", "0", "between 1 and 90"),
        ("net_days", "a month", "Not a valid integer"),
        ("name", " ", "Give its name"),
        ("country", "XX", "Not a valid choice"),
        ("purchase_order", "a\nb", "one line"),
    ],
)
def test_bad_details_are_told_beside_the_field_and_change_nothing(
    finance: FlaskClient, harbour: Company, field: str, value: str, said: str
) -> None:
    answer = finance.post(f"/practice/companies/{harbour.id}", data=DETAILS | {field: value})
    assert answer.status_code == 422 and said in visible(answer.text)
    session.rollback()
    assert (harbour.name, harbour.net_days) == ("Harbour", None)


@pytest.mark.parametrize("role", [Role.SPONSOR, Role.BILLING, Role.CONSULTANT])
def test_clients_and_consultants_are_refused(sign_in: SignIn, harbour: Company, role: Role) -> None:
    theirs = None if role == Role.CONSULTANT else harbour
    person = sign_in(make.person(role, company=theirs))
    for address in ("companies", f"companies/{harbour.id}", "coupons", "coupons/new"):
        assert person.get(f"/practice/{address}").status_code == 403
    assert person.post(f"/practice/companies/{harbour.id}", data=DETAILS).status_code == 403
    assert person.post("/practice/coupons/new", data=CODE).status_code == 403
    session.rollback()
    assert harbour.net_days is None and session.scalars(select(Coupon)).all() == []


def test_unknown_company_is_404(finance: FlaskClient, harbour: Company) -> None:
    other = uuid.uuid4()
    assert finance.get(f"/practice/companies/{other}").status_code == 404
    assert finance.post(f"/practice/companies/{other}/tax-ids").status_code == 404
    gone = f"/practice/companies/{harbour.id}/tax-ids/{other}/remove"
    assert finance.post(gone).status_code == 404


# -- tax ids ---------------------------------------------------------------------------------------


def tax_ids(company: Company) -> list[tuple[str, str]]:
    session.rollback()
    rows = session.scalars(select(TaxId).filter_by(company_id=company.id))
    return [(row.kind, row.value) for row in rows]


def add(browser: FlaskClient, company: Company, kind: str, value: str) -> Any:
    typed = {"kind": kind, "value": value}
    return browser.post(f"/practice/companies/{company.id}/tax-ids", data=typed)


def test_tax_id_is_kept_as_stripe_spells_it_once_and_taken_off_again(
    finance: FlaskClient, harbour: Company
) -> None:
    for _ in range(2):
        assert add(finance, harbour, "gb_vat", "gb 980 7806 84").status_code == 303
    assert tax_ids(harbour) == [("gb_vat", "GB980780684")]
    assert "GB980780684" in finance.get(f"/practice/companies/{harbour.id}").text
    [row] = session.scalars(select(TaxId))
    gone = f"/practice/companies/{harbour.id}/tax-ids/{row.id}/remove"
    assert finance.post(gone).status_code == 303
    assert tax_ids(harbour) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [("eu_vat", "DE136695977"), ("eu_vat", "hello"), ("gb_vat", "DE136695976"),
     ("us_ein", "99"), ("au_abn", "83914571674")],
)  # fmt: skip
def test_number_that_is_none_is_told_beside_the_field(
    finance: FlaskClient, harbour: Company, kind: str, value: str
) -> None:
    answer = add(finance, harbour, kind, value)
    assert answer.status_code == 422 and "They look like" in visible(answer.text)
    assert value in answer.text and tax_ids(harbour) == []


def test_unknown_kind_of_tax_id_is_422(finance: FlaskClient, harbour: Company) -> None:
    assert add(finance, harbour, "moon_vat", "1").status_code == 422


@pytest.mark.parametrize("kind", KINDS)
def test_example_of_each_kind_is_one(kind: str) -> None:
    assert normal(kind, KINDS[kind].example) == KINDS[kind].example


# -- codes -----------------------------------------------------------------------------------------


def codes() -> list[Coupon]:
    session.rollback()
    return list(session.scalars(select(Coupon)))


def test_code_is_made_shown_and_ended(finance: FlaskClient) -> None:
    assert finance.post("/practice/coupons/new", data=CODE).status_code == 303
    [made] = codes()
    assert (made.code, made.percent, made.months, made.amount_minor) == ("SPRING-20", 20, 3, 0)
    page = visible(finance.get("/practice/coupons").text)
    assert "SPRING-20" in page and "20%" in page and "3 months" in page and "open" in page
    for _ in range(2):
        assert finance.post(f"/practice/coupons/{made.id}/end").status_code == 303
    assert codes()[0].state == "ended"
    assert "ended" in visible(finance.get("/practice/coupons").text)


def test_code_for_an_amount_keeps_its_currency(finance: FlaskClient) -> None:
    typed = CODE | {"off": "amount", "amount": "50000", "currency": "JPY", "length": "always"}
    assert finance.post("/practice/coupons/new", data=typed).status_code == 303
    [made] = codes()
    assert (made.amount_minor, made.currency, made.percent, made.months) == (50000, "JPY", 0, None)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"code": ""}, "What do clients type?"),
        ({"code": "20 % off"}, "letters, digits and hyphens"),
        ({"percent": ""}, "How much does it take off?"),
        ({"percent": "101"}, "between 1 and 100"),
        ({"off": "amount", "amount": ""}, "How much does it take off?"),
        ({"off": "amount", "amount": "1.005"}, "At most 2 digits"),
        ({"off": "amount", "amount": "NaN"}, "Enter an amount such as"),
        ({"off": "amount", "amount": "1.5", "currency": "JPY"}, "At most 0 digits"),
        ({"months": ""}, "For how many months?"),
        ({"last_on": "2020-01-01"}, "That day has passed."),
        ({"last_on": "soon"}, "Not a valid date"),
        ({"most_uses": "0"}, "between 1 and 10000"),
        ({"length": "for a while"}, "Not a valid choice"),
    ],
)
def test_bad_code_is_told_beside_the_field(
    finance: FlaskClient, values: dict[str, str], said: str
) -> None:
    answer = finance.post("/practice/coupons/new", data=CODE | values)
    assert answer.status_code == 422 and said in visible(answer.text)
    assert codes() == []


def test_code_that_exists_is_refused_although_it_is_ended(finance: FlaskClient) -> None:
    session.add(Coupon(code="SPRING-20", percent=5, ended_at=clock.now() - timedelta(days=1)))
    session.commit()
    answer = finance.post("/practice/coupons/new", data=CODE)
    assert answer.status_code == 422 and "exists already" in visible(answer.text)


def test_coordinator_makes_no_codes(sign_in: SignIn, app: object) -> None:
    coordinator = sign_in(make.person(Role.COORDINATOR))
    assert coordinator.get("/practice/coupons").status_code == 403
    assert coordinator.post("/practice/coupons/new", data=CODE).status_code == 403


def test_pages_with_nothing_on_them_say_so(finance: FlaskClient) -> None:
    assert "No codes yet" in finance.get("/practice/coupons").text
    assert "No client found" in finance.get("/practice/companies?q=nobody").text
