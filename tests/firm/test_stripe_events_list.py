"""The list of Stripe's events: what matters first, and what is left out is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.standin import visible
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.models import StripeEvent

SignIn = Callable[[Person], FlaskClient]
LIST = "/practice/stripe-events"


@pytest.fixture
def finance(app: object, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.person(Role.FINANCE))


def event(name: str, state: str, kind: str = "invoice.paid", error: str = "") -> None:
    make.saved(StripeEvent(id=name, type=kind, api_version="v", livemode=False, payload={},
                           state=state, error=error, about=f"in_of_{name}"))  # fmt: skip


def shown(finance: FlaskClient, query: str = "") -> tuple[str, set[str]]:
    """(the page's text, the objects of the events on it)."""
    text = visible(finance.get(f"{LIST}{query}").text)
    return text, {word for word in text.split() if word.startswith("in_of_")}


def test_ignored_ones_are_not_shown_unasked_and_how_many_is_said(finance: FlaskClient) -> None:
    event("evt_1", "handled")
    event("evt_2", "failed", error="KeyError: 'lines'")
    for number in (3, 4):
        event(f"evt_{number}", "ignored", "charge.updated", error="of a type we do not use")
    text, found = shown(finance)
    assert found == {"in_of_evt_1", "in_of_evt_2"}
    assert "KeyError: 'lines'" in text
    assert "2 ignored events are not shown" in text
    assert "all but ignored (2)" in text and "all (4)" in text and "ignored (2)" in text
    text, found = shown(finance, "?state=every")
    assert len(found) == 4 and "not shown" not in text
    assert shown(finance, "?state=ignored")[1] == {"in_of_evt_3", "in_of_evt_4"}
    assert shown(finance, "?state=failed")[1] == {"in_of_evt_2"}


def test_a_search_says_which_ignored_ones_match_and_leads_to_them(finance: FlaskClient) -> None:
    event("evt_1", "handled")
    event("evt_2", "ignored", "charge.updated")
    text, found = shown(finance, "?q=charge")
    assert found == set() and "One ignored event is not shown, though it matches" in text
    assert 'state=every&amp;q=charge"' in finance.get(f"{LIST}?q=charge").text
    assert shown(finance, "?state=every&q=charge")[1] == {"in_of_evt_2"}


def test_nothing_is_said_to_be_left_out_where_nothing_is(finance: FlaskClient) -> None:
    event("evt_1", "handled")
    assert "not shown" not in shown(finance)[0]
