"""The front page and the offerings."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from tests import make
from tests.counting import counting
from webapp.catalog.wording import points, refund_policy
from webapp.db import session

HOSTILE = "<script>alert('x')</script>"


def test_front_page_leads_to_booking(client: FlaskClient) -> None:
    page = client.get("/").text
    assert 'href="/book"' in page and 'href="/coo-or-integrator"' in page
    assert "EOS Worldwide" in page
    assert "Nothing is on sale right now" in page


def test_front_page_shows_one_offering_of_each_role(client: FlaskClient) -> None:
    for role in ("coo", "coo", "integrator", "both"):
        make.offering(role=role)
    make.offering(slug="gone", sold=False)
    session.commit()
    page = client.get("/").text
    assert page.count('<article class="card offering') == 3
    assert "/offerings/gone" not in page


def test_offerings_are_filtered_by_role_and_leave_out_what_is_not_sold(client: FlaskClient) -> None:
    make.offering(slug="a", role="coo")
    make.offering(slug="b", role="integrator")
    make.offering(slug="c", role="coo", sold=False)
    session.commit()
    page = client.get("/offerings").text
    assert [slug for slug in "abc" if f'/offerings/{slug}"' in page] == ["a", "b"]
    only = client.get("/offerings?role=integrator").text
    assert '/offerings/b"' in only and '/offerings/a"' not in only
    assert '/offerings/a"' in client.get(f"/offerings?role={HOSTILE}").text


def test_offering_shows_all_that_is_agreed(client: FlaskClient) -> None:
    make.offering(slug="a", notice_days=45, late_refund_percent=25, full_refund_days=10)
    session.commit()
    page = client.get("/offerings/a").text
    for fact in ("4 days a month", "32 hours", "$5,000.00", "$1,000.00", "$6,000.00", "3 months",
                 "45 days", "$200.00 an hour", "10 days or more", "25%"):  # fmt: skip
        assert fact in page, fact
    assert 'href="/book/a"' in page


def test_diagnostic_speaks_of_no_term(client: FlaskClient) -> None:
    make.offering(
        slug="d", name="Diagnostic", kind="diagnostic", weeks=3, deposit_minor=0, included_minutes=0
    )
    session.commit()
    page = client.get("/offerings/d").text
    assert "3 weeks" in page and "Minimum term" not in page and "a month" not in page


def test_offering_no_longer_sold_says_so_and_cannot_be_booked(client: FlaskClient) -> None:
    make.offering(slug="a", sold=False)
    make.offering(slug="b")
    session.commit()
    answer = client.get("/offerings/a")
    assert answer.status_code == 410
    assert "No longer sold" in answer.text and 'href="/book/a"' not in answer.text
    assert 'href="/offerings/b"' in answer.text


def test_unknown_offering_is_not_found(client: FlaskClient) -> None:
    assert client.get("/offerings/nothing").status_code == 404


def test_what_the_firm_types_is_escaped(client: FlaskClient) -> None:
    make.offering(slug="a", name=HOSTILE, summary=HOSTILE, description=HOSTILE)
    session.commit()
    for url in ("/", "/offerings", "/offerings/a"):
        assert HOSTILE not in client.get(url).text


@pytest.mark.parametrize("url", ["/", "/offerings"])
def test_lists_cost_the_same_for_one_and_three(client: FlaskClient, url: str) -> None:
    def cost() -> int:
        session.commit()
        with counting() as queries:
            client.get(url)
        return len(queries)

    make.offering()
    cost()
    one = cost()
    make.offering(role="integrator")
    make.offering(role="both")
    assert cost() == one


@pytest.mark.parametrize(
    "late, words",
    [(0, "nothing does"), (50, "50% does"), (100, "at any time before the kick-off")],
)
def test_refund_policy_in_words(app: object, late: int, words: str) -> None:
    assert words in refund_policy(make.offering(late_refund_percent=late))


def test_one_is_singular(app: object) -> None:
    lines = points(make.offering(days_per_month=1, included_minutes=90, minimum_months=1))
    assert lines[:3] == [
        "1 day a month", "1 hour 30 min included", "1 month minimum, then month to month",
    ]  # fmt: skip


def test_diagnostic_fee_below_nothing_is_refused_by_the_database(app: Flask) -> None:
    with pytest.raises(IntegrityError, match="ck_offering_diagnostic_fee"):
        make.offering(diagnostic_fee_minor=-1)
