"""Amounts are written as where their reader's company is."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_login import login_user

from tests import make
from webapp.access import Role
from webapp.db import session
from webapp.money import Money
from webapp.web import format_money


@pytest.mark.parametrize(
    ("country", "shown"),
    [("US", "$5,000.00"), ("GB", "US$5,000.00"), ("DE", "5.000,00\xa0US$"), ("", "$5,000.00"),
     ("Atlantis", "$5,000.00")],
)  # fmt: skip
def test_a_client_reads_amounts_as_their_company_s_country_writes_them(
    app: Flask, country: str, shown: str
) -> None:
    sponsor = make.person(Role.SPONSOR, company=make.company(country=country))
    session.commit()
    with app.test_request_context():
        assert format_money(Money(500000, "USD")) == "$5,000.00"
        login_user(sponsor)
        assert format_money(Money(500000, "USD")) == shown


def test_the_firm_and_mails_have_one_way_of_writing(app: Flask) -> None:
    owner = make.person(Role.OWNER)
    session.commit()
    assert format_money(Money(500000, "USD")) == "$5,000.00"
    with app.test_request_context():
        login_user(owner)
        assert format_money(Money(500000, "EUR")) == "€5,000.00"
    assert format_money(None) == "–"
