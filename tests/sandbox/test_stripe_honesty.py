"""All that the stand-in offers is the SDK's own, and a long life through all of it stays in shape.

The desk's fixture fails any test after which an answer or an event was noted as out of shape.
"""

from typing import get_args

import pytest
import stripe
from stripe.checkout import Session

from sandbox.stripe import resources
from sandbox.stripe.core.documents import shape
from sandbox.stripe.core.endpoints import ENDPOINTS, Endpoint
from sandbox.stripe.core.ids import PREFIXES
from sandbox.stripe.sdk.operations import operation
from sandbox.stripe.sdk.types import fields, object_class, parameters
from tests.sandbox.stripe_desk import DAY, Desk, price
from tests.sandbox.test_stripe_connect import held, onboarded, send
from tests.sandbox.test_stripe_debits import debit

NOUNS = {
    "account",
    "account_link",
    "account_login_link",
    "balance",
    "balance_transaction",
    "charge",
    "dispute",
    "payout",
    "refund",
    "transfer",
    "transfer_reversal",
}


def noun(endpoint: Endpoint) -> str:
    return endpoint.name.rpartition(".")[0]


def test_every_route_has_its_counterpart_in_the_sdk() -> None:
    assert resources.__all__
    routes = [(operation(e.name).verb, operation(e.name).path) for e in ENDPOINTS]
    assert len(routes) == len(set(routes))
    assert {verb for verb, _ in routes} == {"GET", "POST", "DELETE"}
    assert {noun(endpoint) for endpoint in ENDPOINTS} >= NOUNS


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.name)
def test_what_a_route_acts_on_are_parameters_of_the_sdk(endpoint: Endpoint) -> None:
    known = parameters(operation(endpoint.name).params)
    assert {path.partition(".")[0] for path in endpoint.acts_on} <= known.keys()


@pytest.mark.parametrize("kind", PREFIXES)
def test_every_kind_of_object_is_a_class_of_the_sdk(kind: str) -> None:
    cls = object_class(kind)
    assert "object" in fields(cls)
    if "id" in fields(cls):
        assert shape(kind)["id"].startswith(PREFIXES[kind])


def event_types() -> set[str]:
    """Every type of event that the SDK knows."""
    return set(get_args(fields(stripe.Event)["type"]))


def test_a_long_life_through_every_noun_stays_in_shape(desk: Desk) -> None:
    consultant = onboarded(desk)
    subscription = desk.subscribed()
    desk.advance_to(int(subscription.trial_end or 0) + 2 * 3600)
    charge = desk.api.v1.charges.list({"limit": 1}).data[0]
    _shared_and_called_back(desk, consultant, charge)
    _disputed(desk, charge)
    _debited(desk, "usd", account="000123456789")
    _debited(desk, "eur", iban="AT861904300235473202")
    _card_replaced(desk, subscription)
    desk.control("POST", f"accounts/{consultant}", {"do": "require"})
    desk.advance(40 * DAY)
    desk.deliver()
    told = set(desk.receiver.types)
    assert told <= event_types()
    assert len(told) > 40, sorted(told)
    _everything_is_listed(desk, consultant)


def _shared_and_called_back(desk: Desk, consultant: str, charge: stripe.Charge) -> None:
    api = desk.api.v1
    sent = send(desk, consultant, 200_000, source_transaction=charge.id)
    api.refunds.create({"charge": charge.id, "amount": 50_000, "expand": ["balance_transaction"]})
    api.transfers.reversals.create(sent.id, {"amount": 20_000})
    api.transfers.update(sent.id, {"metadata": {"statement": "2026-11"}})
    api.transfers.list({"expand": ["data.balance_transaction", "data.destination"]})
    assert held(desk, consultant) == 180_000
    api.accounts.login_links.create(consultant)
    api.accounts.update(consultant, {"metadata": {"person": "p1"}})
    api.accounts.capabilities.list(consultant)
    desk.advance(5 * DAY)  # two working days, a weekend between them, and the night of the payout
    assert held(desk, consultant) == 0


def _disputed(desk: Desk, charge: stripe.Charge) -> None:
    opened = desk.control("POST", "disputes", {"charge": charge.id, "amount": 100_000})
    path = {"expand": ["charge.balance_transaction", "payment_intent"]}
    desk.api.v1.disputes.retrieve(opened["id"], path)
    evidence = {"uncategorized_text": "winning_evidence"}
    desk.api.v1.disputes.update(opened["id"], {"evidence": evidence})


def _debited(desk: Desk, currency: str, **typed: str) -> None:
    session: Session = desk.api.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [price(90_000, "Day", currency=currency)],
            "success_url": "http://app.test/done",
            "invoice_creation": {"enabled": True},
        }
    )
    assert debit(desk, session, **typed).status_code == 303
    desk.advance(9 * DAY)


def _card_replaced(desk: Desk, subscription: stripe.Subscription) -> None:
    kept = desk.api.v1.subscriptions.retrieve(subscription.id).default_payment_method
    desk.control("POST", f"cards/{kept}", {"exp_month": 1, "exp_year": 2020})
    desk.control("POST", f"cards/{kept}/updated", {"last4": "1881"})


def _everything_is_listed(desk: Desk, consultant: str) -> None:
    api = desk.api.v1
    for found in (
        api.accounts.list(),
        api.balance_transactions.list({"expand": ["data.source"]}),
        api.charges.list({"expand": ["data.balance_transaction", "data.refunds"]}),
        api.disputes.list(),
        api.events.list({"limit": 100}),
        api.events.list({}, {"stripe_account": consultant}),
        api.payouts.list({}, {"stripe_account": consultant}),
        api.refunds.list({"expand": ["data.charge"]}),
    ):
        assert found.data
