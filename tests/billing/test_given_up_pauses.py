"""A pause after Stripe has stopped charging: it costs nothing, and hides no day that was worked."""

from __future__ import annotations

from datetime import timedelta

from tests.billing.changing import firm, pass_time
from tests.billing.conftest import Client, failed_jobs, invoices
from tests.billing.test_given_up import given_up
from webapp import clock
from webapp.db import session
from webapp.money import Money

MONTH = Money(500_000, "USD")


def test_days_worked_before_a_pause_are_asked_for_though_no_month_was_charged_for_them(
    payer: Client,
) -> None:
    given_up(payer, days=40)
    engagement, by = payer.engagement, firm()
    (starts, ends), since = engagement.month_around(engagement.today), engagement.today
    assert (since - starts).days > 5
    until = since + timedelta(days=3)
    engagement.plan_pause(since, until, by, "Until it is paid")
    session.commit()
    payer.hear()
    pass_time(payer, clock.now() + timedelta(days=5))
    engagement, over = payer.engagement, payer.engagement.today
    assert engagement.stage == "active"
    engagement.cut_off(over, "It was never paid", session.merge(by))
    session.commit()
    pass_time(payer, clock.now() + timedelta(hours=4), by=timedelta(hours=1))
    length = (ends - starts).days
    worked = [MONTH.prorate(days.days, length) for days in (since - starts, over - until)]
    [final] = [one for one in invoices() if one.status == "open"]
    assert final.due.minor == 500_000 + sum(part.minor for part in worked) - 100_000
    assert failed_jobs() == []
