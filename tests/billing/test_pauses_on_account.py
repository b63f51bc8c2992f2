"""Pauses of who pays by invoice: Stripe is not paused, its next charge is put off."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.billing.changing import pass_time, run_planners, under_way
from tests.billing.conftest import Client, invoices, rows
from tests.billing.test_pauses import HOURS, paused, until
from tests.elsewhere import elsewhere
from webapp.billing.buying.order import midnight
from webapp.billing.calls import subscriptions
from webapp.billing.changing import pausing
from webapp.billing.models import CreditNote
from webapp.db import session, transaction
from webapp.engagements.models import Engagement, Pause

MOMENT = timedelta(minutes=5)


def step(payer: Client, to: datetime) -> None:
    payer.set_clock(to)
    payer.stripe.advance(to)
    payer.stripe.deliver()
    elsewhere(lambda: run_planners(payer))
    payer.hear()


def by_invoice(payer: Client) -> None:
    payer.engagement.company.net_days = 30  # type: ignore[union-attr]
    session.commit()
    assert payer.browser.post(payer.url("pay/invoice")).status_code == 303
    payer.hear()


def worked_of(starts: date, third: date, ends: date) -> int:
    """What the days after a pause cost of the month that began with it."""
    return round(500000 * (third - ends).days / (third - starts).days)


def test_m39_renewal_that_came_while_stripe_was_busy_is_credited(payer: Client) -> None:
    by_invoice(payer)
    under_way(payer)
    pass_time(payer, payer.renewal() + HOURS)
    engagement = payer.engagement
    starts = engagement.month_after(engagement.today)
    third, ends = engagement.month_after(starts), starts + timedelta(days=20)
    paused(payer, starts, ends)
    begins = midnight(starts, engagement.time_zone)
    pass_time(payer, begins - timedelta(hours=4))
    before = len(invoices())
    payer.stripe.fault("POST /v1/subscriptions/*", "429", times=10000)
    for hours in (-2, -1, 0, 1):
        step(payer, begins + timedelta(hours=hours, minutes=5))
    payer.stripe.web.delete(f"{payer.stripe.base}/_sandbox/faults").raise_for_status()
    for hours in (2, 3):
        step(payer, begins + timedelta(hours=hours))
    assert [row.held for row in rows(Pause)] == ["moved"]
    until(payer, ends)
    until(payer, third + timedelta(days=1))
    assert charged_since(before) == worked_of(starts, third, ends) + 500000


def charged_since(count: int) -> int:
    """By the invoices after the first so many, less what was credited."""
    lines = [line["minor"] for one in invoices()[count:] for line in one.lines]
    notes = (note for note in rows(CreditNote) if note.state == "issued")
    return sum(lines) - sum(note.amount_minor for note in notes)


def renewed_while_put_off(payer: Client, monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """Stripe renews after it was looked at, and before the renewal is moved."""
    real = subscriptions.move_renewal

    def late(*args: Any) -> Any:
        monkeypatch.setattr(subscriptions, "move_renewal", real)
        payer.stripe.advance(at)
        return real(*args)

    monkeypatch.setattr(subscriptions, "move_renewal", late)


def begin_and_put_off(payer: Client, pause: Pause, moment: datetime) -> None:
    """A little before the renewal that the pause is to spare."""
    pass_time(payer, moment - timedelta(hours=3))
    payer.set_clock(moment - MOMENT)
    payer.stripe.advance(moment - MOMENT)
    for step_of in (pausing.begin, pausing.hold):
        with transaction():
            step_of(pause.id)


@pytest.mark.parametrize("means", ["by invoice", "by card, in the first month"])
def test_m39_renewal_that_came_while_it_was_put_off_is_credited(
    payer: Client, monkeypatch: pytest.MonkeyPatch, means: str
) -> None:
    if means == "by invoice":
        by_invoice(payer)
    engagement: Engagement = under_way(payer)
    starts = engagement.month_after(engagement.today)
    third, ends = engagement.month_after(starts), starts + timedelta(days=9)
    pause = paused(payer, starts, ends)
    moment = midnight(starts, engagement.time_zone)
    before = len(invoices())
    renewed_while_put_off(payer, monkeypatch, moment + MOMENT)
    begin_and_put_off(payer, pause, moment)
    step(payer, moment + HOURS)
    assert [row.held for row in rows(Pause)] == ["moved"]
    until(payer, ends)
    until(payer, third + timedelta(days=1))
    assert charged_since(before) == worked_of(starts, third, ends) + 500000
