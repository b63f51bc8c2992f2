"""Webhooks arrive signed and until they are taken, and misbehave exactly as switched."""

import time

import pytest
import stripe

from sandbox.stripe.core.webhooks import signature
from tests.sandbox.stripe_desk import SECRET, Desk


def test_events_arrive_signed_by_machine_time_and_in_order(desk: Desk) -> None:
    desk.advance(90 * 86400)
    desk.subscribed()
    assert desk.deliver()["pending"] == 0
    assert desk.receiver.types == desk.event_types()
    assert desk.receiver.refused == 0
    assert {e.api_version for e in desk.receiver.events} == {stripe.api_version}
    assert desk.receiver.events[-1].created >= time.time() + 89 * 86400


def test_the_signature_is_the_sdks_own() -> None:
    body = '{"object": "event"}'
    header = signature(SECRET, body, int(time.time()))
    assert stripe.WebhookSignature.verify_header(body, header, SECRET, 300)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body + " ", header, SECRET, 300)


def test_a_refused_event_is_sent_again_until_it_is_taken(desk: Desk) -> None:
    desk.receiver.failing = 3
    desk.customer()
    states = desk.deliver()
    assert (states["pending"], states["delivered"]) == (0, 1)
    [row] = desk.control("GET", "webhooks")["deliveries"]
    assert (row["attempts"], row["answer"], row["type"]) == (4, "200", "customer.created")
    assert desk.receiver.types == ["customer.created"]


def test_the_sender_works_by_itself(desk: Desk) -> None:
    desk.receiver.failing = 1
    desk.customer()
    deadline = time.monotonic() + 10
    while not desk.receiver.events and time.monotonic() < deadline:
        time.sleep(0.05)
    assert desk.receiver.types == ["customer.created"]


def test_a_receiver_that_is_down_leaves_the_queue_waiting(desk: Desk) -> None:
    desk.receiver.failing = 10_000
    desk.customer()
    began = time.monotonic()
    states = desk.control("POST", "deliver", {"seconds": 0.5})
    assert states["pending"] == 1 and time.monotonic() - began < 3


def test_duplicates(desk: Desk) -> None:
    desk.control("POST", "switches", {"duplicate": 4})
    desk.customer()
    desk.deliver()
    assert [e.id for e in desk.receiver.events] == [desk.receiver.events[0].id] * 5


def test_reordering_loses_nothing(desk: Desk) -> None:
    desk.control("POST", "switches", {"reorder": True, "delay": 600})
    for n in range(30):
        desk.customer(email=f"{n}@b.co")
    desk.deliver()
    sent = [e.data.object.email for e in desk.receiver.events]
    assert sent != sorted(sent, key=lambda e: int(e.split("@")[0]))
    assert len(set(sent)) == 30


def test_delay_holds_back_until_told_to_deliver(desk: Desk) -> None:
    desk.control("POST", "switches", {"delay": 600})
    desk.customer()
    time.sleep(0.6)
    assert desk.receiver.events == []
    desk.deliver()
    assert desk.receiver.types == ["customer.created"]


def test_drops_by_type_and_by_chance(desk: Desk) -> None:
    desk.control("POST", "switches", {"drop": ["customer.updated"]})
    customer = desk.customer()
    desk.api.v1.customers.update(customer.id, {"name": "New"})
    desk.control("POST", "switches", {"drop": 1.0})
    desk.customer()
    states = desk.deliver()
    assert states == {"pending": 0, "delivered": 1, "dropped": 2}
    assert desk.event_types() == ["customer.created", "customer.updated", "customer.created"]


def test_forged_copies_come_with_a_wrong_signature_and_once(desk: Desk) -> None:
    desk.control("POST", "switches", {"forge": True})
    desk.customer()
    states = desk.deliver()
    assert (states["delivered"], states["refused"], desk.receiver.refused) == (1, 1, 1)
    assert len(desk.receiver.events) == 1


def test_an_unknown_switch_is_refused(desk: Desk) -> None:
    answer = desk.browser.post(f"{desk.url}/_sandbox/switches", json={"explode": True})
    assert answer.status_code == 400
    assert desk.control("GET", "switches")["duplicate"] == 0
