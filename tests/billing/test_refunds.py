"""Money that goes back: a time lost while paying, a cancellation before the kick-off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows, subscription
from tests.billing.test_one_checkout import lose_time
from tests.standin import visible
from webapp import clock, outbox
from webapp.accounts.models import Person
from webapp.billing.queries import money_of
from webapp.billing.returning.refunding import refund
from webapp.billing.states import states_of
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money

WHOLE = Money(600000, "USD")


def paid_too_late(payer: Client) -> Engagement:
    """Checkout is paid after the kick-off's time went to somebody else."""
    payer.pay()
    lose_time(payer)
    payer.hear()
    return payer.engagement


def refunded_at_stripe(payer: Client) -> list[int]:
    return [one["amount"] for one in payer.stripe.of("refund", payer.engagement.id)]


def test_b16_payment_after_the_slot_was_lost_is_refunded_whole_and_nothing_renews(
    payer: Client,
) -> None:
    engagement = paid_too_late(payer)
    assert engagement.stage == "lost"
    assert refunded_at_stripe(payer) == [600000]
    assert [(row.amount, row.state) for row in refunds()] == [(WHOLE, "succeeded")]
    assert subscription().status == "canceled"
    [ended] = payer.stripe.of("subscription", engagement.id)
    assert ended["status"] == "canceled"
    assert failed_jobs() == []


def test_b16_a_lost_slot_is_told_once_to_the_client_and_the_coordinator_with_other_times(
    payer: Client, coordinator: Person
) -> None:
    paid_too_late(payer)
    payer.come_back()
    payer.hear()
    [client] = payer.mails("is on its way back")
    assert client.startswith("Ana Reyes <ana@harbour.example.com>")
    assert "$6,000.00 goes back to your card, all of it" in client
    assert "The nearest open times:" in client and "/book/" in client
    [firm] = payer.mails("paid for a time that was gone")
    assert firm.startswith("Cora Coordinator") and "ana@harbour.example.com" in firm
    assert payer.mails("Receipt") == [] and payer.mails("Welcome") == []


def test_page_after_a_lost_slot_says_what_comes_back_and_offers_other_times(payer: Client) -> None:
    paid_too_late(payer)
    page = visible(payer.come_back())
    assert "you get everything back" in page and "$6,000.00" in page
    assert "Choose another time" in page


def test_b16_a_lost_slot_is_seen_by_the_browser_first_just_as_well(payer: Client) -> None:
    payer.pay()
    lose_time(payer)
    assert "you get everything back" in visible(payer.come_back())
    payer.hear()
    assert refunded_at_stripe(payer) == [600000]
    assert len(payer.mails("is on its way back")) == 1


def test_paid_after_the_engagement_was_given_up_comes_back(payer: Client) -> None:
    payer.pay()
    engagement = payer.engagement
    engagement.lose("unpaid after 7 days")
    session.commit()
    payer.hear()
    assert payer.engagement.stage == "lost"
    assert refunded_at_stripe(payer) == [600000]


def test_unpaid_engagement_given_up_closes_its_session(payer: Client) -> None:
    url = payer.to_checkout()
    payer.engagement.lose("unpaid after 7 days")
    session.commit()
    payer.drain()
    assert payer.stripe.pay(url).status_code == 410


# -- cancelling before the kick-off ----------------------------------------------------------------


def cancelled(payer: Client) -> Engagement:
    engagement = payer.start()
    assert engagement.sponsor
    engagement.cancel_before_kickoff(engagement.sponsor, "Plans changed")
    session.commit()
    payer.drain()
    return payer.engagement


def test_cancelling_in_time_gives_everything_back_and_ends_the_subscription(payer: Client) -> None:
    cancelled(payer)
    payer.hear()
    assert refunded_at_stripe(payer) == [600000]
    assert subscription().status == "canceled"
    shown = money_of([payer.engagement.id])[payer.engagement.id].shown
    assert shown and states_of([shown])[shown.id].key == "refunded"
    [mail] = payer.mails("is on its way back")
    assert "in time for a full refund" in mail and "Coming back: $6,000.00" in mail


def test_cancelling_late_gives_back_the_share_that_was_shown_at_booking(payer: Client) -> None:
    engagement = payer.start()
    engagement.terms.full_refund_days = 400
    session.commit()
    cancelled_late = payer.engagement
    assert cancelled_late.sponsor
    cancelled_late.cancel_before_kickoff(cancelled_late.sponsor, "Plans changed")
    session.commit()
    payer.hear()
    assert refunded_at_stripe(payer) == [300000]
    [mail] = payer.mails("is on its way back")
    assert "50% of what you paid comes back this late" in mail
    assert "Paid: $6,000.00\nComing back: $3,000.00" in mail


def test_settling_a_cancellation_twice_refunds_and_tells_once(payer: Client) -> None:
    engagement = cancelled(payer)
    outbox.enqueue("billing.settle_cancellation", engagement.id, key="again")
    payer.hear()
    assert refunded_at_stripe(payer) == [600000]
    assert len(payer.mails("is on its way back")) == 1


# -- refunds and faults ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost_response", "500", "429", "409"])
def test_refund_through_every_fault_is_made_once(payer: Client, kind: str) -> None:
    payer.pay()
    lose_time(payer)
    payer.stripe.fault("POST /v1/refunds", kind, times=4)
    payer.hear()
    for job in rows(outbox.Job):
        job.run_after = min(job.run_after, clock.now())
    session.commit()
    payer.stripe.web.delete(f"{payer.stripe.base}/_sandbox/faults")
    payer.hear()
    assert refunded_at_stripe(payer) == [600000]
    assert [row.state for row in refunds()] == ["succeeded"]


def test_never_more_is_given_back_than_was_paid(payer: Client) -> None:
    payer.start()
    [invoice] = invoices()
    refund(invoice, Money(500000, "USD"), "first")
    refund(invoice, Money(500000, "USD"), "second")
    refund(invoice, Money(500000, "USD"), "third")
    session.commit()
    payer.drain()
    assert sorted(refunded_at_stripe(payer)) == [100000, 500000]


def test_refund_made_in_stripes_dashboard_is_mirrored(payer: Client) -> None:
    payer.start()
    [paid] = payer.stripe.objects("payment_intent", amount=600000)[:1]
    made = payer.stripe.api("POST", "refunds", payment_intent=paid["id"], amount=100)
    payer.hear()
    [row] = refunds()
    assert (row.stripe_id, row.amount, row.reason) == (made["id"], Money(100, "USD"), "dashboard")
    assert invoices()[0].given_back == Money(100, "USD")


def test_hold_and_kickoff_are_free_again_after_a_lost_payment(payer: Client) -> None:
    engagement = paid_too_late(payer)
    assert engagement.hold.state == "released"
    assert engagement.hold.expires_at < clock.now() + timedelta(hours=1)
