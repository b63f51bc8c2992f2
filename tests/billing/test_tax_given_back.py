"""What goes back of a taxed invoice: one tax, before it is decided, on paper and in the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import Client
from tests.billing.test_giving_back import Desk, notes
from tests.billing.test_taxes import pay_from, taxed  # noqa: F401 - a fixture
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.books import entries
from webapp.billing.books.journal import journal
from webapp.db import session
from webapp.money import Money
from webapp.web import firm_zone

SignIn = Callable[[Person], FlaskClient]


@pytest.mark.parametrize("amount", ["1000", "333.33", "5950.01"])
def test_the_tax_foretold_is_the_papers_and_the_journals(
    taxed: Callable[..., Client],  # noqa: F811 - the fixture
    sign_in: SignIn,
    amount: str,
) -> None:
    client = taxed("DE")
    pay_from(client, "DE")
    finance = make.person(Role.FINANCE, name="Fay Finance", email="fay@firm.example.com")
    session.commit()
    desk = Desk(client, sign_in(finance))
    told = visible(desk.preview(amount))
    before = booked()
    desk.give(amount)
    [note] = notes()
    tax = Money(note.tax_minor, note.currency)
    assert tax and f"Tax {tax.format()}" in told
    assert booked() - before == note.tax_minor


def booked() -> int:
    """What is owed to tax offices, in minor units, as far as it was taken back."""
    today = clock.now().date()
    found = journal(today - timedelta(days=60), today + timedelta(days=60), firm_zone())
    return entries.totals(found).get((entries.TAX, "EUR"), 0)
