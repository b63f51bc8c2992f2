"""API calls fail as told, and with what effect: none, stored, or done but unanswered."""

import time

import pytest
import stripe

from tests.sandbox.stripe_desk import Desk, client_of

CUSTOMERS = "POST /v1/customers"


def fail(desk: Desk, kind: str, times: int = 1, **more: object) -> None:
    desk.control("POST", "faults", {"match": CUSTOMERS, "kind": kind, "times": times} | more)


def names(desk: Desk) -> list[str | None]:
    return [c.name for c in desk.api.v1.customers.list().data]


def test_a_rate_limit_has_no_effect_and_leaves_the_key_free(desk: Desk) -> None:
    fail(desk, "429")
    with pytest.raises(stripe.RateLimitError):
        desk.api.v1.customers.create({"name": "A"}, {"idempotency_key": "k"})
    assert names(desk) == []
    desk.api.v1.customers.create({"name": "A"}, {"idempotency_key": "k"})
    assert names(desk) == ["A"]


def test_a_500_is_stored_under_its_key(desk: Desk) -> None:
    fail(desk, "500")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            desk.api.v1.customers.create({"name": "A"}, {"idempotency_key": "k1"})
    assert names(desk) == []
    desk.api.v1.customers.create({"name": "A"}, {"idempotency_key": "k2"})
    assert names(desk) == ["A"]


@pytest.mark.parametrize(("kind", "more"), [("500", {"stored": False}), ("409", {})])
def test_the_sdks_own_retry_gets_through_what_was_not_stored(
    desk: Desk, kind: str, more: dict[str, bool]
) -> None:
    fail(desk, kind, 1, **more)
    client_of(desk.url, retries=2).v1.customers.create({"name": "A"})
    assert names(desk) == ["A"]
    assert [c["status"] for c in desk.control("GET", "calls")][:2] == [int(kind), 200]


def test_a_lost_response_did_happen_and_the_same_key_finds_it(desk: Desk) -> None:
    fail(desk, "lost_response")
    with pytest.raises(stripe.APIConnectionError):
        desk.api.v1.customers.create({"name": "A"}, {"idempotency_key": "k"})
    assert names(desk) == ["A"]
    desk.api.v1.customers.create({"name": "A"}, {"idempotency_key": "k"})
    assert names(desk) == ["A"]


def test_the_sdk_recovers_a_lost_response_by_itself(desk: Desk) -> None:
    fail(desk, "lost_response")
    client_of(desk.url, retries=2).v1.customers.create({"name": "A"})
    assert names(desk) == ["A"]


def test_a_timeout_has_no_effect(desk: Desk) -> None:
    fail(desk, "timeout", seconds=2)
    began = time.monotonic()
    with pytest.raises(stripe.APIConnectionError):
        client_of(desk.url, timeout=0.5).v1.customers.create({"name": "A"})
    assert time.monotonic() - began < 2
    assert names(desk) == []


def test_faults_match_by_verb_and_path_and_run_out(desk: Desk) -> None:
    desk.control("POST", "faults", {"match": "* /v1/customers/*", "kind": "429", "times": 2})
    customer = desk.customer()
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            desk.api.v1.customers.retrieve(customer.id)
    assert desk.api.v1.customers.retrieve(customer.id).id == customer.id
    assert desk.control("GET", "faults") == []


def test_faults_can_be_cleared_and_nonsense_is_refused(desk: Desk) -> None:
    fail(desk, "429", 5)
    desk.control("DELETE", "faults")
    desk.customer()
    answer = desk.browser.post(f"{desk.url}/_sandbox/faults", json={"kind": "fire"})
    assert answer.status_code == 400
