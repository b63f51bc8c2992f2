"""Pauses: no invoice in one, and of the months around it exactly the days worked are paid."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.billing.changing import added, credits, firm, items, pass_time, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from webapp.billing.buying.order import midnight
from webapp.billing.changing import pausing
from webapp.billing.models import CreditNote
from webapp.db import session, transaction
from webapp.engagements.models import ChangeRefused, Engagement, Pause, TermsChange
from webapp.reviews.models import Review

HOURS = timedelta(hours=3)


def paused(payer: Client, starts: date, ends: date) -> Pause:
    pause = payer.engagement.plan_pause(starts, ends, firm(), "The plant is closed")
    session.commit()
    payer.hear()
    return pause


def at(engagement: Engagement, day: date) -> object:
    return midnight(day, engagement.time_zone) + HOURS


def until(payer: Client, day: date) -> None:
    pass_time(payer, midnight(day, payer.engagement.time_zone) + HOURS)


def second_month(payer: Client) -> Engagement:
    under_way(payer)
    pass_time(payer, payer.renewal() + HOURS)
    return payer.engagement


def paid_for_retainer() -> int:
    """All that was charged and credited apart from the deposit."""
    lines = [line for one in invoices() for line in one.lines if line["kind"] != "deposit"]
    notes = [note for note in rows(CreditNote) if note.state == "issued"]
    return sum(line["minor"] for line in lines) - sum(note.amount_minor for note in notes)


def test_m39_paused_over_a_renewal_has_no_invoice_and_paused_days_cost_nothing(
    payer: Client,
) -> None:
    engagement = second_month(payer)
    first, second = engagement.month_around(engagement.today)
    starts = first + timedelta(days=8)
    third = engagement.month_after(second)
    ends = second + timedelta(days=9)
    paused(payer, starts, ends)
    until(payer, starts)
    assert failed_jobs() == []
    assert (payer.engagement.stage, subscription().status) == ("paused", "paused")
    before = len(invoices())
    until(payer, ends - timedelta(days=1))
    assert len(invoices()) == before
    until(payer, ends)
    assert (payer.engagement.stage, subscription().status) == ("active", "active")
    assert [row.state for row in rows(Pause)] == ["over"]
    until(payer, third)
    assert failed_jobs() == []
    credited = 500000 * (second - starts).days
    charged = 500000 * (third - ends).days
    expected = -round(credited / (second - first).days) + round(charged / (third - second).days)
    assert added() == expected
    assert paid_for_retainer() == 3 * 500000 + expected
    kinds = [change.kind for change in rows(TermsChange)]
    assert kinds == ["pause_planned", "pause_begun", "resumed"]
    parts = [(row.starts, row.ends) for row in payer.engagement.periods]
    assert (first, starts) in parts and (ends, third) in parts
    off = [row for row in rows(Review) if starts <= row.due_on < ends]
    assert all(row.state == "cancelled" for row in off)
    later = [row for row in rows(Review) if row.due_on >= ends]
    assert later and all(row.state != "cancelled" for row in later)
    assert payer.engagement.paused_on(starts) and not payer.engagement.paused_on(ends)


def test_m39_pause_from_a_renewal_day_is_not_charged_and_starts_again_with_a_month(
    payer: Client,
) -> None:
    engagement = second_month(payer)
    starts = engagement.month_after(engagement.today)
    ends = engagement.month_after(starts)
    paused(payer, starts, ends)
    before = len(invoices())
    until(payer, ends - timedelta(days=2))
    assert (len(invoices()), items(), credits()) == (before, [], [])
    until(payer, ends)
    payer.hear()
    assert failed_jobs() == []
    assert invoices()[-1].total.minor == 500000
    until(payer, engagement.month_after(ends))
    assert [one.total.minor for one in invoices()[before:]] == [500000, 500000]


def test_m39_pause_in_the_first_month_which_stripe_cannot_pause(payer: Client) -> None:
    engagement = under_way(payer)
    first, second = engagement.month_around(engagement.today)
    starts, ends = engagement.today + timedelta(days=7), second + timedelta(days=5)
    paused(payer, starts, ends)
    until(payer, starts)
    assert subscription().status == "trialing"
    until(payer, ends)
    third = engagement.month_after(second)
    until(payer, third)
    assert failed_jobs() == []
    expected = -round(500000 * (second - starts).days / (second - first).days)
    expected += round(500000 * (third - ends).days / (third - second).days)
    assert added() == expected
    assert paid_for_retainer() == 2 * 500000 + expected


def test_pause_begun_again_after_a_crash_is_the_same_pause(payer: Client) -> None:
    engagement = second_month(payer)
    pause = paused(payer, engagement.today, engagement.today + timedelta(days=20))
    until(payer, engagement.today)
    payer.hear()
    [credit] = credits()
    for _ in range(3):
        with transaction():
            pausing.begin(pause.id)
        with transaction():
            pausing.hold(pause.id)
    payer.hear()
    assert [row.id for row in credits()] == [credit.id] and len(rows(CreditNote)) == 1
    pauses = [call for call in payer.stripe.calls("/v1/subscriptions") if "pause" in call["path"]]
    assert len(pauses) == 1


def test_pause_ends_sooner_when_the_firm_says_so(payer: Client) -> None:
    engagement = second_month(payer)
    first, second = engagement.month_around(engagement.today)
    pause = paused(payer, engagement.today, engagement.today + timedelta(days=20))
    payer.hear()
    starts = pause.starts
    until(payer, starts + timedelta(days=4))
    pause = session.merge(pause)
    payer.engagement.end_pause(pause, firm(), "Back sooner")
    session.commit()
    payer.hear()
    assert payer.engagement.stage == "active"
    days = (second - first).days
    rest = [round(500000 * (second - day).days / days) for day in (starts, payer.engagement.today)]
    assert added() == rest[1] - rest[0]


def test_withdrawn_pause_changes_nothing(payer: Client) -> None:
    engagement = second_month(payer)
    starts = engagement.today + timedelta(days=10)
    pause = paused(payer, starts, starts + timedelta(days=14))
    payer.engagement.withdraw_pause(session.merge(pause), firm(), "The plant stays open")
    session.commit()
    until(payer, engagement.month_after(engagement.today))
    assert failed_jobs() == []
    assert (payer.engagement.stage, subscription().status, items()) == ("active", "active", [])
    assert all(review.state != "cancelled" for review in rows(Review))


def test_pauses_that_cannot_be(payer: Client) -> None:
    engagement = under_way(payer)
    today = engagement.today
    for starts, ends, said in (
        (today + timedelta(days=3), today + timedelta(days=30), "at the earliest"),
        (today - timedelta(days=1), today + timedelta(days=30), "at the earliest"),
        (today, today, "after the pause has begun"),
        (today, today + timedelta(days=100), "three months at most"),
    ):
        assert said in engagement.why_no_pause(starts, ends)
    engagement.plan_pause(today + timedelta(days=8), today + timedelta(days=20), firm(), "Closed")
    with pytest.raises(ChangeRefused, match="is planned already"):
        engagement.plan_pause(today, today + timedelta(days=4), firm(), "Again")
