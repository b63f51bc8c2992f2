"""The deposit at the end: set off, never below nothing, the rest given back once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dateutil.relativedelta import relativedelta

from tests.billing.conftest import Client, failed_jobs, invoices, refunds, rows, subscription
from tests.billing.owed import (
    RATE,
    balance,
    charges,
    credits,
    given_as_credit,
    kinds,
    overage,
)
from tests.elsewhere import elsewhere
from webapp import clock
from webapp.billing.models import Credit
from webapp.billing.owing import deposit
from webapp.billing.owing.bills import bill_now
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp
from webapp.money import Money
from webapp.outbox import enqueue

HOURS, MONTH = timedelta(hours=3), timedelta(days=31)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def end(payer: Client, again: bool = False) -> None:
    """The engagement is over and its subscription has ended; its account is closed."""
    engagement_id = payer.engagement.id
    if not again:
        payer.stripe.api("DELETE", f"subscriptions/{subscription().stripe_id}")
        payer.hear()
        engagement = session.get_one(Engagement, engagement_id)
        engagement.stage, engagement.ends_on = "ended", engagement.local_date(clock.now())
    enqueue("billing.close_account", engagement_id, key=f"close {clock.now()} {again}")
    session.commit()
    payer.hear()
    payer.hear()


def test_m26_deposit_is_set_off_on_the_final_invoice_and_the_rest_goes_back(payer: Client) -> None:
    payer.start()
    overage(payer, 90)
    end(payer)
    final = invoices()[-1]
    assert kinds(final) == [("overage", 30000)]
    assert (final.status, final.total, final.paid) == ("paid", usd(30000), usd(0))
    [note] = given_as_credit()
    assert (note.amount, note.invoice.id) == (usd(30000), invoices()[0].id)
    assert final.balance_applied == usd(30000) and balance() == 0
    [back] = refunds()
    assert (back.amount, back.reason, back.state) == (usd(70000), "deposit", "succeeded")
    assert back.invoice.id == invoices()[0].id
    end(payer, again=True)
    assert len(refunds()) == 1 and len(invoices()) == 2
    assert len(charges(payer)) == 1
    assert deposit.left_of(payer.engagement) == usd(0)
    assert failed_jobs() == []


def test_m26_deposit_smaller_than_what_is_open_leaves_the_rest_to_pay(payer: Client) -> None:
    payer.start()
    overage(payer, 600)
    end(payer)
    final = invoices()[-1]
    assert kinds(final) == [("overage", 200000)]
    assert (final.status, final.total, final.paid) == ("paid", usd(200000), usd(100000))
    assert (final.balance_applied, balance(), refunds()) == (usd(100000), 0, [])


def test_m26_nothing_open_gives_the_whole_deposit_back_once(payer: Client) -> None:
    payer.start()
    end(payer)
    [back] = refunds()
    assert (back.amount, back.state) == (usd(100000), "succeeded")
    end(payer, again=True)
    assert len(refunds()) == len(invoices()) == 1


def test_m26_deposit_is_set_off_on_the_last_renewal_and_never_below_nothing(payer: Client) -> None:
    payer.start()
    last = payer.renewal()
    cancel_at = last + relativedelta(months=1)
    payer.stripe.api("POST", f"subscriptions/{subscription().stripe_id}",
                     cancel_at=int(cancel_at.timestamp()), proration_behavior="none")  # fmt: skip
    payer.hear()
    payer.until(last - timedelta(days=3), by=MONTH)
    assert credits() == []
    payer.until(last + HOURS, by=timedelta(hours=12))
    renewed = invoices()[-1]
    assert kinds(renewed) == [("retainer", 500000)]
    assert (renewed.paid, renewed.balance_applied) == (usd(400000), usd(100000))
    assert renewed.status == "paid" and [row.state for row in credits()] == ["placed"]
    assert deposit.left_of(payer.engagement) == usd(0)


def test_set_off_before_notice_is_withdrawn_pays_that_month_and_a_person_is_asked(
    payer: Client,
) -> None:
    payer.start()
    last = payer.renewal()
    named = f"subscriptions/{subscription().stripe_id}"
    at = int((last + relativedelta(months=1)).timestamp())
    payer.stripe.api("POST", named, cancel_at=at, proration_behavior="none")
    payer.hear()
    payer.until(last - timedelta(hours=30), by=MONTH)
    assert [row.state for row in credits()] == ["placed"] and balance() == 100000
    payer.stripe.api("POST", named, cancel_at="")
    payer.hear()
    elsewhere(payer.plan)
    payer.drain()
    [asked] = [row for row in rows(FollowUp) if row.cause.startswith("deposit:")]
    assert "none is held any more" in asked.text
    payer.until(last + HOURS, by=timedelta(hours=12))
    assert (invoices()[-1].total, invoices()[-1].paid) == (usd(500000), usd(400000))
    assert deposit.left_of(payer.engagement) == usd(0)


def test_credit_that_no_invoice_can_take_is_paid_back(payer: Client) -> None:
    payer.start()
    engagement = session.get_one(Engagement, payer.engagement.id)
    first = engagement.kick_off_on
    Credit.intend(engagement, "pause", "pause:1", "Days paused", RATE,
                  (first, first + timedelta(days=2)))  # fmt: skip
    session.commit()
    payer.hear()
    assert balance() == 20000
    end(payer)
    assert sorted((row.amount.minor, row.reason) for row in refunds()) == [
        (20000, "credit_at_the_end"), (100000, "deposit"),
    ]  # fmt: skip
    assert {row.state for row in refunds()} == {"succeeded"} and balance() == 0
    end(payer, again=True)
    assert len(invoices()) == 1 and len(refunds()) == 2 and failed_jobs() == []


@pytest.mark.parametrize("kind", ["lost_request", "lost_response", "500", "500_after"])
def test_m26_deposit_is_set_off_once_whatever_is_lost(payer: Client, kind: str) -> None:
    payer.start()
    overage(payer, 90)
    payer.stripe.fault("POST /v1/credit_notes", kind, times=3)
    end(payer)
    for minutes in (2, 5, 30):
        payer.until(clock.now() + timedelta(minutes=minutes))
        payer.hear()
    final = invoices()[-1]
    assert (final.paid, final.balance_applied) == (usd(0), usd(30000))
    assert [row.amount for row in refunds()] == [usd(70000)]
    assert len(payer.stripe.of("credit_note", payer.engagement.id)) == 2 and balance() == 0


def test_an_invoice_still_open_keeps_the_deposit_until_it_is_settled(payer: Client) -> None:
    payer.start()
    payer.stripe.change_card(payer.card(), "generic_decline")
    overage(payer, 90)
    bill_now(payer.engagement, "at once")
    session.commit()
    payer.hear()
    owed = invoices()[-1]
    assert owed.status == "open"
    end(payer)
    assert refunds() == []
    payer.stripe.api("POST", f"invoices/{owed.stripe_id}/pay", paid_out_of_band="true")
    payer.hear()
    payer.hear()
    assert [row.amount for row in refunds()] == [usd(100000)]
