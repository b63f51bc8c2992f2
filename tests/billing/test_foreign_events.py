"""Events that name our engagements and are not about what Righthand has at Stripe."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.billing.conftest import Client, failed_jobs, rows, subscription
from tests.billing.test_webhook import event, signature
from webapp import clock
from webapp.billing.models import Alert, StripeEvent
from webapp.billing.models.event import HANDLE
from webapp.db import session
from webapp.outbox import Job


def heard(payer: Client, event_id: str, about: str, **values: Any) -> StripeEvent:
    """The event of a subscription's change, as anybody's who may write its metadata."""
    known = payer.stripe.objects("event", type="customer.subscription.updated")[0]
    named = {"engagement": str(payer.engagement.id)}
    known["data"]["object"] |= {"id": about, "metadata": named}
    body = json.dumps(known | {"id": event_id} | values).encode()
    assert payer.stripe.receive(body, signature(body)) == 200
    payer.hear()
    return session.get_one(StripeEvent, event_id)


def test_what_happened_on_a_connected_account_changes_nothing_here(payer: Client) -> None:
    payer.start()
    payer.stripe.api("POST", f"subscriptions/{subscription().stripe_id}", description="Changed")
    payer.hear()
    event = heard(payer, "evt_theirs", "sub_theirs", account="acct_theirs")
    assert (event.state, event.error) == ("ignored", "happened on a connected account")
    assert subscription().status == "trialing" and failed_jobs() == []


def test_what_stripe_does_not_have_is_let_be_after_some_minutes(payer: Client) -> None:
    payer.start()
    payer.stripe.api("POST", f"subscriptions/{subscription().stripe_id}", description="Changed")
    payer.hear()
    event = heard(payer, "evt_gone", "sub_gone")
    assert event.state == "received"
    payer.until(clock.now() + timedelta(minutes=20), by=timedelta(minutes=2))
    event = session.get_one(StripeEvent, "evt_gone")
    assert (event.state, event.error) == ("ignored", "Stripe has no such object (any more)")
    [job] = [row for row in rows(Job) if row.payload == ["evt_gone"]]
    assert job.state == "done" and rows(Alert) == []


@pytest.mark.parametrize(
    ("kind", "broken", "what"),
    [
        ("invoice.paid", {"parent": "in_parent"}, "parent is a str"),
        ("invoice.paid", {"parent": {"subscription_details": [1]}}, "details is a list"),
        ("invoice.paid", {"metadata": {"engagement": {"id": 1}}}, "metadata.engagement is a dict"),
        ("checkout.session.completed", {"metadata": "none"}, "metadata is a str"),
        ("customer.subscription.updated", {"metadata": [1]}, "metadata is a list"),
        ("refund.created", {"payment_intent": 7}, "payment_intent is a int"),
        ("payment_method.updated", {"customer": {"id": []}}, "customer is a dict"),
        ("credit_note.created", {"metadata": "x"}, "metadata is a str"),
    ],
)
def test_what_has_not_the_shape_of_its_type_is_kept_for_a_person_and_not_tried_again(
    payer: Client, kind: str, broken: Any, what: str
) -> None:
    about = {"id": "xx_1", "parent": None, "metadata": {}}
    body = event(type=kind, data={"object": about | broken})
    assert payer.stripe.receive(body, signature(body)) == 200
    payer.drain()
    session.rollback()
    kept = session.get_one(StripeEvent, "evt_test_1")
    assert kept.state == "failed" and what in kept.error
    [job] = [row for row in rows(Job) if row.task == HANDLE]
    assert (job.state, failed_jobs()) == ("done", [])
    assert [row.kind for row in rows(Alert)] == ["event_failed"]
