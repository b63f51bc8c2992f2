"""Pauses of who pays by invoice: Stripe is not paused, its next charge is put off."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.billing.changing import pass_time, run_planners, under_way
from tests.billing.conftest import Client, invoices, rows
from tests.billing.test_pauses import HOURS, paused, until
from tests.elsewhere import elsewhere
from webapp.billing.buying.order import midnight
from webapp.billing.models import CreditNote
from webapp.db import session
from webapp.engagements.models import Pause


def step(payer: Client, to: datetime) -> None:
    payer.set_clock(to)
    payer.stripe.advance(to)
    payer.stripe.deliver()
    elsewhere(lambda: run_planners(payer))
    payer.hear()


def test_m39_renewal_that_came_while_stripe_was_busy_is_credited(payer: Client) -> None:
    payer.engagement.company.net_days = 30
    session.commit()
    assert payer.browser.post(payer.url("pay/invoice")).status_code == 303
    payer.hear()
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
    lines = [line["minor"] for one in invoices()[before:] for line in one.lines]
    given = sum(note.amount_minor for note in rows(CreditNote) if note.state == "issued")
    worked = round(500000 * (third - ends).days / (third - starts).days)
    assert sum(lines) - given == worked + 500000
