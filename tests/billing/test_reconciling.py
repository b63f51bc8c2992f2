"""What no webhook told is found, at a pace that does not trouble Stripe, any number of times."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.billing.conftest import Client, checkouts, failed_jobs, invoices, rows, subscription
from tests.elsewhere import elsewhere
from webapp import clock
from webapp.billing import stripe_events
from webapp.billing.books import reconciling
from webapp.billing.calls import events
from webapp.billing.models import StripeEvent
from webapp.db import session
from webapp.outbox import Job
from workers import plan


def lose_webhooks(payer: Client) -> None:
    payer.stripe.control("switches", drop=1)


def jobs(task: str) -> list[str]:
    return [job.dedupe_key for job in rows(Job) if job.task == task]


def test_every_webhook_lost_the_payment_is_found_within_the_quarter_hour(payer: Client) -> None:
    lose_webhooks(payer)
    payer.pay()
    payer.until(clock.now() + timedelta(minutes=16), by=timedelta(minutes=8))
    assert payer.engagement.stage == "onboarding"
    assert len(payer.mails("Receipt")) == 1
    assert failed_jobs() == []


def test_webhooks_lost_for_three_days_are_all_made_up_for(payer: Client) -> None:
    payer.start()
    payer.until(payer.renewal() - timedelta(days=1), by=timedelta(days=31))
    lose_webhooks(payer)
    payer.until(payer.renewal() + timedelta(days=2))
    assert [invoice.status for invoice in invoices()] == ["paid", "paid"]
    assert len(payer.mails("Receipt")) == 2


def test_single_webhook_lost_among_others_is_made_up_for(payer: Client) -> None:
    payer.stripe.control("switches", drop=["invoice.paid", "checkout.session.completed"])
    payer.pay()
    payer.hear()
    payer.until(clock.now() + timedelta(minutes=37), by=timedelta(minutes=9))
    assert payer.engagement.stage == "onboarding"
    assert {kept.state for kept in rows(StripeEvent)} <= {"handled", "ignored"}


def test_what_on_account_clients_pay_is_found_though_every_webhook_is_lost(payer: Client) -> None:
    """Nobody has ever been at Checkout: there is something to ask for all the same."""
    lose_webhooks(payer)
    payer.engagement.company.net_days = 30  # type: ignore[union-attr]
    session.commit()
    assert payer.browser.post(payer.url("pay/invoice")).status_code == 303
    payer.drain()
    assert checkouts() == []
    [owed] = [one for one in payer.stripe.objects("invoice") if one["status"] == "open"]
    payer.stripe.api("POST", f"invoices/{owed['id']}/pay", paid_out_of_band="true")
    payer.until(clock.now() + timedelta(minutes=31), by=timedelta(minutes=16))
    assert [invoice.status for invoice in invoices()] == ["paid"]


def test_session_nobody_told_of_is_looked_at_when_its_time_is_over(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_webhooks(payer)
    payer.pay()
    monkeypatch.setitem(plan.PLANNERS, "billing.look_for_events", lambda: None)
    payer.until(clock.now() + timedelta(minutes=37), by=timedelta(minutes=12))
    assert [row.state for row in checkouts()] == ["complete"]
    assert payer.engagement.stage == "onboarding"


def test_stale_mirrors_are_read_again_daily_and_only_then(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.start()
    lose_webhooks(payer)
    payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
    for other in ("billing.look_for_events", "billing.plan_comparison"):
        monkeypatch.setitem(plan.PLANNERS, other, lambda: None)
    payer.until(clock.now() + timedelta(hours=23), by=timedelta(hours=23))
    assert subscription().status == "trialing"
    payer.until(clock.now() + timedelta(hours=2), by=timedelta(hours=2))
    assert subscription().status == "canceled"
    assert len(jobs("billing.refresh")) == 1


def test_planners_run_a_hundred_times_ask_stripe_once_in_a_quarter_hour(payer: Client) -> None:
    payer.start()
    before = len(payer.stripe.calls("/v1/events"))
    for _ in range(100):
        elsewhere(payer.plan)
    payer.drain()
    asked = len(payer.stripe.calls("/v1/events")) - before
    assert asked <= 2 * -(-len(stripe_events.TYPES) // events.MOST_TYPES)  # a quarter may turn
    assert len(jobs("billing.catch_up")) <= 2


def test_nothing_is_asked_while_nobody_has_ever_paid(payer: Client) -> None:
    elsewhere(payer.plan)
    assert jobs("billing.catch_up") == []


def test_m16_event_left_behind_by_a_crash_is_swept_with_exactly_one_effect(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.pay()
    payer.stripe.deliver()

    def crash(_event_id: str) -> None:
        raise MemoryError("the worker's machine went away")

    with monkeypatch.context() as broken:
        broken.setattr(stripe_events, "handle", crash)
        payer.drain()
    assert payer.engagement.stage == "signed"
    for job in rows(Job):
        job.state = "failed" if job.task == "billing.handle_event" else job.state
    session.commit()
    payer.until(clock.now() + timedelta(minutes=6), by=timedelta(minutes=6))
    assert payer.engagement.stage == "onboarding"
    assert {kept.state for kept in rows(StripeEvent)} <= {"handled", "ignored"}
    stages = [step.to_stage for step in payer.engagement.stage_changes]
    assert stages == ["signed", "onboarding"]
    assert len(payer.mails("Receipt")) == 1


def test_last_look_is_bounded_by_what_stripe_lists(payer: Client) -> None:
    payer.to_checkout()
    [attempt] = checkouts()
    attempt.created_at -= timedelta(days=400)
    session.commit()
    assert clock.now() - reconciling._last_look() < timedelta(days=30)
