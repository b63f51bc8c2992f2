"""What the back office's forms refuse, beside the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.firm.test_practice import CONSULTANT, OFFERING
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

BROKEN = ("Noor\r\nBcc: all@example.com", "Noor\u2029Achebe", "Noor \u202eebehcA")


@pytest.fixture
def coordinator(app: object, sign_in: Callable[[Person], FlaskClient]) -> FlaskClient:
    return sign_in(make.person(Role.COORDINATOR))


def refused(browser: FlaskClient, noun: str, values: Mapping[str, object], message: str) -> bool:
    answer = browser.post(f"/practice/{noun}/new", data=values)
    assert answer.status_code == 422
    assert session.scalars(select(Consultant)).all() == []
    assert session.scalars(select(Offering)).all() == []
    return message in answer.text


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("field", ["name", "summary"])
def test_an_offering_is_named_on_one_line(coordinator: FlaskClient, field: str, text: str) -> None:
    assert refused(coordinator, "offerings", OFFERING | {field: text}, "one line")


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("field", ["name", "headline", "meeting_place", "industries", "languages"])
def test_a_consultant_is_described_on_one_line(
    coordinator: FlaskClient, field: str, text: str
) -> None:
    assert refused(coordinator, "consultants", CONSULTANT | {field: text}, "one line")


@pytest.mark.parametrize("field", ["price", "deposit", "overage_rate"])
@pytest.mark.parametrize("typed", ["sNaN", "NaN", "-NaN", "Infinity", "-Infinity", "1e999999"])
def test_an_amount_is_finite(coordinator: FlaskClient, field: str, typed: str) -> None:
    assert refused(coordinator, "offerings", OFFERING | {field: typed}, f'value="{typed}"')


@pytest.mark.parametrize("typed", ["12,5,0", "1e3", "1,23.5"])
def test_an_amount_that_could_be_two_is_refused(coordinator: FlaskClient, typed: str) -> None:
    values = OFFERING | {"price": typed}
    assert refused(coordinator, "offerings", values, "Enter an amount such as 1,234.50.")


def test_amounts_are_read_as_the_currency_has_them(coordinator: FlaskClient) -> None:
    values = OFFERING | {"price": "1.234,50", "deposit": "1 000,5", "overage_rate": "100,50"}
    coordinator.post("/practice/offerings/new", data=values)
    [made] = session.scalars(select(Offering)).all()
    assert (made.price_minor, made.deposit_minor, made.overage_rate_minor) == (
        123450,
        100050,
        10050,
    )


@pytest.mark.parametrize("country", ["XX", "ZZ", "U", "<>", "GBR"])
def test_a_country_is_one_of_the_world(coordinator: FlaskClient, country: str) -> None:
    values = CONSULTANT | {"country": country}
    assert refused(coordinator, "consultants", values, "Not a valid choice")


def test_a_consultant_may_have_no_country(coordinator: FlaskClient) -> None:
    values = CONSULTANT | {"country": ""}
    assert coordinator.post("/practice/consultants/new", data=values).status_code == 303
    assert session.scalars(select(Consultant.country)).one() == ""


def test_a_consultants_address_fits_an_envelope(coordinator: FlaskClient) -> None:
    domain = ".".join(["d" * 60] * 4) + ".example.com"
    values = CONSULTANT | {"email": f"noor@{domain}"}
    assert refused(coordinator, "consultants", values, "longer than 254")


@pytest.mark.parametrize(
    "place", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "file:///etc"]
)
def test_a_meeting_place_runs_nothing(coordinator: FlaskClient, place: str) -> None:
    values = CONSULTANT | {"meeting_place": place}
    assert refused(coordinator, "consultants", values, "Begin a link with https://")


@pytest.mark.parametrize(
    "place",
    ["https://meet.example.com/noor", "http://[meet", "tel:+442079460000", "+44 20 7946 0000",
     "12 Quay Street, room 3: ring twice"],
)  # fmt: skip
def test_meetings_are_behind_a_link_a_number_or_a_door(
    coordinator: FlaskClient, place: str
) -> None:
    values = CONSULTANT | {"meeting_place": place}
    assert coordinator.post("/practice/consultants/new", data=values).status_code == 303
    assert session.scalars(select(Consultant.meeting_place)).one() == place
