"""One-off items: previewed, confirmed once, undone while they wait; billed later or at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import Client, invoices
from tests.billing.owed import at_stripe, charges, items, kinds
from tests.billing.test_one_checkout import down
from tests.standin import visible
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.db import session
from webapp.money import Money

SignIn = Callable[[Person], FlaskClient]
HOURS, MONTH = timedelta(hours=3), timedelta(days=31)


@pytest.fixture
def finance(payer: Client, sign_in: SignIn) -> FlaskClient:
    payer.start()
    person = make.person(Role.FINANCE)
    session.commit()
    return sign_in(person)


def url(payer: Client) -> str:
    return f"/practice/engagements/{payer.engagement.id}/items/new"


def typed(**values: str) -> dict[str, str]:
    fields = {"label": "Workshop in Boston", "amount": "1,250.50", "when": "next"}
    return fields | {"once": str(uuid.uuid4())} | values


def test_item_is_previewed_then_added_once_and_stands_on_the_next_invoice(
    payer: Client, finance: FlaskClient
) -> None:
    assert "Preview" in finance.get(url(payer)).text
    form = typed()
    page = visible(finance.post(url(payer), data=form).text)
    assert "Is this right?" in page and "$1,250.50" in page and items() == []
    for _ in range(2):
        assert finance.post(url(payer), data=form | {"confirmed": "y"}).status_code == 303
    payer.drain()
    assert [one["amount"] for one in at_stripe(payer)] == [125050]
    payer.until(payer.renewal() + HOURS, by=MONTH)
    assert sorted(kinds(invoices()[-1])) == [("one_off", 125050), ("retainer", 500000)]


def test_item_is_billed_now_on_an_invoice_of_its_own(payer: Client, finance: FlaskClient) -> None:
    form = typed(when="now", confirmed="y")
    assert finance.post(url(payer), data=form).status_code == 303
    made = invoices()[-1]
    assert (made.status, made.total, kinds(made)) == (
        "paid", Money(125050, "USD"), [("one_off", 125050)],
    )  # fmt: skip
    assert finance.post(url(payer), data=form).status_code == 303
    payer.hear()
    assert len(invoices()) == 2 and len(charges(payer)) == 2
    assert len(payer.mails("Receipt")) == 2


def test_billed_now_with_stripe_down_is_made_later_once(
    payer: Client, finance: FlaskClient
) -> None:
    base = payer.stripe.base
    down(payer.app, "http://127.0.0.1:9")
    answer = finance.post(url(payer), data=typed(when="now", confirmed="y"))
    assert answer.status_code == 303
    down(payer.app, base)
    for _ in range(2):
        payer.set_clock(clock.now() + timedelta(minutes=5))
        payer.hear()
    assert [invoice.total.minor for invoice in invoices()] == [600000, 125050]
    assert len(charges(payer)) == 2


@pytest.mark.parametrize(
    ("path", "kind"),
    [("invoices", "lost_response"), ("invoiceitems", "500"), ("invoices/*/finalize", "500"),
     ("invoices/*/pay", "lost_response")],
)  # fmt: skip
def test_an_answer_lost_while_billing_makes_one_invoice(
    payer: Client, finance: FlaskClient, path: str, kind: str
) -> None:
    payer.stripe.fault(f"POST /v1/{path}", kind, times=3)
    assert finance.post(url(payer), data=typed(when="now", confirmed="y")).status_code == 303
    for _ in range(4):
        payer.set_clock(clock.now() + timedelta(minutes=5))
        payer.hear()
    assert [invoice.total.minor for invoice in invoices()] == [600000, 125050]
    assert len(charges(payer)) == 2 and len(at_stripe(payer)) == 1


def test_declined_at_once_stays_open_and_is_told(payer: Client, finance: FlaskClient) -> None:
    payer.stripe.change_card(payer.card(), "generic_decline")
    assert finance.post(url(payer), data=typed(when="now", confirmed="y")).status_code == 303
    payer.hear()
    made = invoices()[-1]
    assert (made.status, made.failing) == ("open", True)
    assert len(payer.mails("did not go through")) == 1


def test_pending_item_is_taken_back(payer: Client, finance: FlaskClient) -> None:
    finance.post(url(payer), data=typed(confirmed="y"))
    payer.drain()
    [item] = items()
    page = finance.get(f"/engagements/{payer.engagement.id}").text
    assert "Workshop in Boston" in page and f"/practice/items/{item.id}/take-back" in page
    assert finance.post(f"/practice/items/{item.id}/take-back").status_code == 303
    assert finance.post(f"/practice/items/{item.id}/take-back").status_code == 409
    payer.drain()
    assert [row.state for row in items()] == ["void"] and at_stripe(payer) == []
    payer.until(payer.renewal() + HOURS, by=MONTH)
    assert invoices()[-1].total == Money(500000, "USD")


def test_item_that_an_invoice_took_first_cannot_be_taken_back(
    payer: Client, finance: FlaskClient
) -> None:
    finance.post(url(payer), data=typed(confirmed="y"))
    payer.drain()
    payer.until(payer.renewal() + HOURS, by=MONTH)
    [item] = items()
    assert finance.post(f"/practice/items/{item.id}/take-back").status_code == 409
    assert item.state == "invoiced"


def test_bad_input_is_refused_beside_its_field(payer: Client, finance: FlaskClient) -> None:
    amounts = ("0", "-5", "1.005", "lots", "NaN", "1e3", "12,5,0", "")
    wrong = [{"label": " "}, {"when": "never"}, *({"amount": amount} for amount in amounts)]
    for fields in wrong:
        answer = finance.post(url(payer), data=typed(confirmed="y") | fields)
        assert answer.status_code == 422, fields
    assert items() == []


def test_the_same_form_for_another_amount_is_refused(payer: Client, finance: FlaskClient) -> None:
    form = typed(confirmed="y")
    assert finance.post(url(payer), data=form).status_code == 303
    assert finance.post(url(payer), data=form | {"amount": "9"}).status_code == 409
    assert finance.post(url(payer), data=form | {"once": "me"}).status_code == 400
    assert len(items()) == 1


def test_only_finance_and_the_owner_add_to_what_is_owed(payer: Client, sign_in: SignIn) -> None:
    payer.start()
    engagement = payer.engagement
    sponsor, lead = engagement.sponsor, engagement.lead.person
    address = url(payer)
    coordinator = make.person(Role.COORDINATOR)
    session.commit()
    for person in (sponsor, lead, coordinator):
        assert person and sign_in(person).get(address).status_code == 403
        assert sign_in(person).post(address, data=typed(confirmed="y")).status_code == 403
