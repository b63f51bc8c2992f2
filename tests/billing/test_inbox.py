"""The inbox as a whole: order, doubles, crashes, other versions, replays; who hears of trouble."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from tests.billing.test_webhook import event, signature
from tests.elsewhere import elsewhere
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing import stripe_events
from webapp.billing.books import reconciling
from webapp.billing.calls import events
from webapp.billing.models import Alert, StripeEvent
from webapp.db import session, transaction
from webapp.outbox import Job

SignIn = Callable[[Person], FlaskClient]


def made(payer: Client, kind: str) -> dict[str, Any]:
    """An event of that kind that Stripe has made, the newest."""
    found: dict[str, Any] = payer.stripe.objects("event", type=kind)[0]
    return found


def tell(payer: Client, *told: dict[str, Any]) -> None:
    """Stripe's events arrive, in this order, each handled before the next."""
    for one in told:
        body = json.dumps(one).encode()
        assert payer.stripe.receive(body, signature(body)) == 200
        payer.drain()
    session.rollback()


def states() -> set[str]:
    return {kept.state for kept in rows(StripeEvent)}


def unhandled() -> list[str]:
    """What became of events that nobody could handle (yet), and why."""
    jobs = {job.payload[0]: job.last_error for job in rows(Job) if job.last_error}
    left = [kept for kept in rows(StripeEvent) if kept.state not in {"handled", "ignored"}]
    return [f"{kept.type}: {kept.state} {jobs.get(kept.id, '')}" for kept in left]


def test_m06_same_event_five_times_at_once_has_one_effect_and_one_receipt(payer: Client) -> None:
    payer.pay()
    body = json.dumps(made(payer, "checkout.session.completed")).encode()
    with ThreadPoolExecutor(5) as pool:
        codes = list(pool.map(lambda _: payer.stripe.receive(body, signature(body)), range(5)))
    assert codes == [200] * 5
    [kept] = rows(StripeEvent)
    assert len([job for job in rows(Job) if job.task == "billing.handle_event"]) == 1

    def handle(_: int) -> None:
        with payer.app.app_context(), transaction():
            stripe_events.handle(kept.id)
        session.remove()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(handle, range(5)))
    payer.drain()
    assert [step.to_stage for step in payer.engagement.stage_changes] == ["signed", "onboarding"]
    assert len(payer.mails("Receipt")) == 1
    assert len(payer.stripe.of("subscription", payer.engagement.id)) == len(invoices()) == 1


def test_m07_updated_before_created_comes_to_the_right_state(payer: Client) -> None:
    payer.pay()
    [theirs] = payer.stripe.of("subscription", payer.engagement.id)
    created = made(payer, "customer.subscription.created")
    payer.stripe.api("POST", f"subscriptions/{theirs['id']}", cancel_at_period_end="true")
    tell(payer, made(payer, "customer.subscription.updated"), created)
    assert subscription().cancel_at_period_end is True
    assert states() == {"handled"}


def test_m15_event_of_another_version_alerts_and_its_payload_is_not_trusted(payer: Client) -> None:
    """The old shape names no engagement, and lies about what was paid."""
    payer.start()
    paid = made(payer, "invoice.paid")
    bare = {"id": paid["data"]["object"]["id"], "object": "invoice", "total": 1, "paid": True}
    older = paid | {"id": "evt_old", "api_version": "2020-08-27", "data": {"object": bare}}
    total = invoices()[0].total_minor
    tell(payer, older)
    [kept] = [one for one in rows(StripeEvent) if one.id == "evt_old"]
    assert (kept.state, kept.error) == ("handled", "")
    assert [invoice.total_minor for invoice in invoices()] == [total]
    [alert] = rows(Alert)
    assert (alert.kind, alert.about) == ("other_version", "2020-08-27")


def test_m15_live_event_at_a_test_key_alerts_and_is_not_used(payer: Client) -> None:
    payer.pay()
    live = made(payer, "checkout.session.completed") | {"livemode": True}
    tell(payer, live, live | {"id": "evt_live_2"})
    assert payer.engagement.stage == "signed"
    assert [(kept.state, kept.refused) for kept in rows(StripeEvent)] == [("ignored", True)] * 2
    assert not any(kept.replayable for kept in rows(StripeEvent))
    assert [alert.kind for alert in rows(Alert)] == ["other_mode"]


def test_alert_is_mailed_once_to_owners_and_finance(payer: Client) -> None:
    keepers = [make.person(Role.OWNER), make.person(Role.FINANCE, Role.OWNER)]
    make.person(Role.COORDINATOR)
    body = event(livemode=True)
    payer.stripe.receive(body, signature(body))
    session.commit()
    for _ in range(3):
        elsewhere(payer.plan)
        payer.drain()
    told = [mail.partition("\n")[0] for mail in payer.mails("other mode")]
    assert sorted(told) == sorted(f"{one.name} <{one.email}>" for one in keepers)


def test_m16_handler_that_crashes_in_the_middle_leaves_nothing_and_is_swept_to_one_effect(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crash comes after the mirrors were written, before the commit."""
    payer.pay()
    settle = StripeEvent.settle

    def crash(self: StripeEvent, state: str, error: str = "") -> None:
        raise MemoryError("the worker's machine went away")

    monkeypatch.setattr(StripeEvent, "settle", crash)
    payer.hear()
    assert payer.engagement.stage == "signed" and invoices() == []
    monkeypatch.setattr(StripeEvent, "settle", settle)
    give_up()
    payer.until(clock.now() + timedelta(minutes=6), by=timedelta(minutes=6))
    assert [step.to_stage for step in payer.engagement.stage_changes] == ["signed", "onboarding"]
    assert len(payer.mails("Receipt")) == len(invoices()) == 1
    assert unhandled() == []


def give_up() -> None:
    for job in rows(Job):
        job.state = "failed" if job.task == "billing.handle_event" else job.state
    session.commit()


def test_event_that_keeps_failing_waits_for_a_person_and_is_not_tried_for_ever(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.pay()

    def broken(_subject: object) -> None:
        raise ValueError("cannot be read")

    monkeypatch.setitem(stripe_events.HANDLERS, "checkout.session.completed", broken)
    tell(payer, made(payer, "checkout.session.completed"))
    for _ in range(reconciling.MOST_SWEEPS + 3):
        give_up()
        payer.set_clock(clock.now() + timedelta(minutes=6))
        elsewhere(payer.plan)
        payer.drain()
    [kept] = [one for one in rows(StripeEvent) if one.type == "checkout.session.completed"]
    assert kept.state == "failed" and "cannot be read" in kept.error
    tries = [
        job for job in rows(Job) if job.dedupe_key.startswith(f"billing.handle_event:{kept.id}")
    ]
    assert len(tries) == 1 + reconciling.MOST_SWEEPS
    assert [alert.about for alert in rows(Alert) if alert.kind == "event_failed"] == [kept.id]


def test_event_that_waits_its_turn_is_not_put_in_line_again(payer: Client) -> None:
    payer.pay()
    payer.stripe.deliver()
    before = len([job for job in rows(Job) if job.task == "billing.handle_event"])
    payer.set_clock(clock.now() + timedelta(hours=2))
    elsewhere(payer.plan)
    assert len([job for job in rows(Job) if job.task == "billing.handle_event"]) == before


def test_m46_customer_deleted_at_stripe_ends_the_mirror_and_crashes_nothing(payer: Client) -> None:
    payer.start()
    [customer] = payer.stripe.objects("customer", id=payer.stripe.objects("customer")[0]["id"])
    payer.stripe.api("DELETE", f"customers/{customer['id']}")
    payer.hear()
    payer.until(clock.now() + timedelta(days=2))
    assert subscription().over
    assert unhandled() == []
    assert failed_jobs() == []


def test_types_are_asked_for_twenty_at_a_time(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.start()
    asked: list[list[str]] = []
    ask = events._events
    monkeypatch.setattr(events, "_events", lambda p: asked.append(p["types"]) or ask(p))
    since = clock.now() - timedelta(hours=1)
    found = {one.id for one in events.list_since(since, stripe_events.TYPES)}
    assert sorted(kind for some in asked for kind in some) == sorted(stripe_events.TYPES)
    assert all(len(some) <= 20 for some in asked) and len(asked) > 1
    ours = [one for one in payer.stripe.objects("event") if one["type"] in stripe_events.TYPES]
    assert {one["id"] for one in ours if one["created"] >= since.timestamp()} == found


# -- the inbox's pages -----------------------------------------------------------------------------


def test_an_events_page_tells_what_it_was_about_and_did(payer: Client, sign_in: SignIn) -> None:
    payer.start()
    told = [one for one in rows(StripeEvent) if any(did[0] == "invoice" for did in one.did)]
    kept = told[0]
    finance = sign_in(make.person(Role.FINANCE))
    page = finance.get(f"/practice/stripe-events/{kept.id}").text
    [invoice] = invoices()
    assert f"/practice/money/invoices/{invoice.id}" in page
    assert "existence" in page and invoice.stripe_id in page
    assert "https://dashboard.stripe.com/test/events/" in page
    listed = finance.get("/practice/stripe-events?q=checkout.session").text
    assert "cs_test" in listed and "customer.subscription.created" not in listed
    assert "Nothing matches" in finance.get("/practice/stripe-events?state=failed").text


def test_replay_acts_again_with_no_second_effect_and_is_audited(
    payer: Client, sign_in: SignIn
) -> None:
    payer.start()
    finance = sign_in(make.person(Role.FINANCE))
    for kept in rows(StripeEvent):
        answer = finance.post(f"/practice/stripe-events/{kept.id}/replay")
        assert answer.status_code == 303
    payer.hear()
    assert [step.to_stage for step in payer.engagement.stage_changes] == ["signed", "onboarding"]
    assert len(payer.mails("Receipt")) == len(invoices()) == 1
    assert {kept.replays for kept in rows(StripeEvent)} == {1}
    assert unhandled() == []
    page = finance.get("/practice/audit?q=stripe_event.replayed").text
    assert "replayed" in page


def test_all_that_failed_are_replayed_together(payer: Client, sign_in: SignIn) -> None:
    payer.pay()
    payer.stripe.deliver()
    for kept in rows(StripeEvent):
        kept.settle("failed", "no memory left")
    session.commit()
    owner = sign_in(make.person(Role.OWNER))
    assert "have failed" in owner.get("/practice/stripe-events/failed/replay").text
    assert owner.post("/practice/stripe-events/failed/replay").status_code == 303
    payer.drain()
    assert payer.engagement.stage == "onboarding"
    assert "Nothing failed" in owner.get("/practice/stripe-events/failed/replay").text


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.CONSULTANT])
def test_replay_is_for_those_who_keep_the_books(payer: Client, sign_in: SignIn, role: Role) -> None:
    payer.start()
    other = sign_in(make.person(role))
    [kept, *_] = rows(StripeEvent)
    assert other.post(f"/practice/stripe-events/{kept.id}/replay").status_code == 403
    assert other.post("/practice/stripe-events/failed/replay").status_code == 403


def test_what_is_in_line_or_was_refused_cannot_be_replayed(payer: Client, sign_in: SignIn) -> None:
    waiting, refused = event(id="evt_waiting"), event(id="evt_refused", livemode=True)
    for body in (waiting, refused):
        payer.stripe.receive(body, signature(body))
    finance = sign_in(make.person(Role.FINANCE))
    for named in ("evt_waiting", "evt_refused"):
        assert finance.post(f"/practice/stripe-events/{named}/replay").status_code == 409
    assert finance.get("/practice/stripe-events/evt_unknown").status_code == 404
    assert "cannot be replayed" in finance.get("/practice/stripe-events/evt_refused").text


def test_m20_too_many_requests_put_the_job_back_by_as_long_as_stripe_asks(payer: Client) -> None:
    """The SDK does not try a 429 again; our job waits, and then has its one effect."""
    payer.pay()
    payer.stripe.fault("GET /v1/checkout/sessions/*", "429", times=1)
    tell(payer, made(payer, "checkout.session.completed"))
    [waiting] = [job for job in rows(Job) if job.last_error]
    assert waiting.state == "waiting" and "slow down" in waiting.last_error
    assert waiting.run_after > clock.now() + timedelta(seconds=1)
    assert payer.engagement.stage == "signed"
    payer.set_clock(clock.now() + timedelta(minutes=2))
    payer.drain()
    assert payer.engagement.stage == "onboarding"
    assert len(payer.mails("Receipt")) == 1
