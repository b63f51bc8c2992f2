"""Choosing role, offering and consultant, on the way to a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.booking.rows import at
from tests.booking.sending import send
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking.models import DateOverride, Hold
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
HOSTILE = "<script>alert('x')</script>"


def test_the_walk_links_from_role_to_time(client: FlaskClient, picker: str) -> None:
    assert 'href="/book?role=coo"' in client.get("/book").text
    assert 'href="/book/coo-four"' in client.get("/book?role=coo").text
    page = client.get("/book/coo-four").text
    assert 'href="/book/coo-four/ada"' in page
    assert "Step 3 of 7" in page


def test_only_roles_on_sale_are_offered(client: FlaskClient, picker: str) -> None:
    page = client.get("/book").text
    assert "role=integrator" not in page
    assert "Nothing is on sale for this role" in client.get("/book?role=integrator").text


def test_a_coordinator_books_for_a_client(
    sign_in: Callable[[Person], FlaskClient], picker: str
) -> None:
    coordinator = sign_in(make.person(Role.COORDINATOR))
    assert "Book for a client" in coordinator.get("/book").text
    assert "For a client" in coordinator.get(picker).text


def test_only_those_with_role_and_days_are_listed(client: FlaskClient, offering: Offering) -> None:
    able = make.consultant()
    others = [
        make.consultant(roles=["integrator"]),
        make.consultant(days_per_month=3),
        make.consultant(published=False),
    ]
    sold_out = make.consultant(days_per_month=4)
    Hold.take(offering, sold_out, at(3, 10), "UTC")
    session.commit()
    page = client.get("/book/coo-four").text
    assert able.slug in page
    assert [who.slug for who in (*others, sold_out) if f"/{who.slug}" in page] == []


def test_role_both_needs_one_person_with_both(client: FlaskClient) -> None:
    make.offering(slug="both", role="both")
    able, half = make.consultant(roles=["coo", "integrator"]), make.consultant(roles=["coo"])
    session.commit()
    page = client.get("/book/both").text
    assert f"/{able.slug}" in page and f"/{half.slug}" not in page


def test_the_month_asked_for_counts(client: FlaskClient, offering: Offering) -> None:
    who = make.consultant()
    make.saved(
        *[
            DateOverride(consultant_id=who.id, on=at(day, 9).date(), windows=[])
            for day in range(1, 32)
        ]
    )
    session.commit()
    assert f"/{who.slug}" not in client.get("/book/coo-four?start=2026-12").text
    assert f"/{who.slug}" in client.get("/book/coo-four?start=2027-01").text
    assert "Mon 4 January 2027" in client.get("/book/coo-four?start=nonsense").text


def test_an_offering_no_longer_sold_says_so(
    client: FlaskClient, offering: Offering, picker: str
) -> None:
    offering.sold = False
    session.commit()
    for url in ("/book/coo-four", picker):
        answer = client.get(url)
        assert answer.status_code == 410 and "no longer sold" in answer.text
    assert send(client, picker, at(3, 10)).status_code == 410


@pytest.mark.parametrize("url", ["/book/nothing", "/book/nothing/ada", "/book/coo-four/nobody"])
def test_unknown_names_are_not_found(client: FlaskClient, picker: str, url: str) -> None:
    assert client.get(url).status_code == 404


def test_a_consultant_who_cannot_fill_the_role_is_not_found(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    consultant.roles = ["integrator"]
    session.commit()
    assert client.get(picker).status_code == 404
    assert send(client, picker, at(3, 10)).status_code == 404
