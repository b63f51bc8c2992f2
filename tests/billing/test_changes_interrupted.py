"""A renewal in the very moment of a pause, and processes killed between Stripe's answer and our
commit: no day is paid twice, none is lost, and nothing is made a second time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.billing.changing import bigger, credits, firm, items, pass_time, quoted, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from tests.billing.test_pauses import paid_for_retainer, paused, second_month, until
from webapp.billing.buying.order import midnight
from webapp.billing.calls import subscriptions
from webapp.billing.changing import following, pausing, quoting
from webapp.billing.models import Bill
from webapp.billing.owing import bills
from webapp.db import session, transaction
from webapp.engagements.models import Pause, TermsChange

MOMENT = timedelta(minutes=5)
# A renewal's invoice is a draft for an hour.
AN_INVOICE_LATER = timedelta(hours=2)


class Killed(BaseException):
    """Nothing catches it: the process is gone."""


def killed_after(monkeypatch: pytest.MonkeyPatch, room: Any, name: str) -> None:
    """Really ask Stripe, and die with the answer in hand; the second time all is well."""
    real = getattr(room, name)

    def die(*args: Any, **named: Any) -> None:
        monkeypatch.setattr(room, name, real)
        real(*args, **named)
        raise Killed

    monkeypatch.setattr(room, name, die)


def run(work: Callable[[], None]) -> None:
    with transaction():
        work()


def run_and_die(work: Callable[[], None]) -> None:
    with pytest.raises(Killed):
        run(work)
    session.rollback()


def renewal_during(payer: Client, monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """Stripe renews after it was looked at, and before it hears of the pause."""
    real = subscriptions.pause

    def late(*args: Any) -> Any:
        payer.stripe.advance(at)
        return real(*args)

    monkeypatch.setattr(subscriptions, "pause", late)


@pytest.mark.parametrize("renews", ["before all", "after our books", "during the call", "never"])
def test_m39_pause_against_a_renewal_at_the_same_moment_pays_each_day_worked_once(
    payer: Client, monkeypatch: pytest.MonkeyPatch, renews: str
) -> None:
    engagement = second_month(payer)
    starts = engagement.month_after(engagement.today)
    third, ends = engagement.month_after(starts), starts + timedelta(days=9)
    pause = paused(payer, starts, ends)
    moment = midnight(starts, engagement.time_zone)
    pass_time(payer, moment - timedelta(hours=3))
    payer.set_clock(moment - MOMENT)
    payer.stripe.advance(moment + MOMENT if renews == "before all" else moment - MOMENT)
    run(lambda: pausing.begin(pause.id))
    if renews == "after our books":
        payer.stripe.advance(moment + MOMENT)
    if renews == "during the call":
        renewal_during(payer, monkeypatch, moment + MOMENT)
    run(lambda: pausing.hold(pause.id))
    payer.set_clock(moment + AN_INVOICE_LATER)
    payer.stripe.advance(moment + AN_INVOICE_LATER)
    payer.hear()
    assert subscription().status == "paused"
    assert len(invoices()) == (2 if renews == "never" else 3)
    until(payer, ends)
    until(payer, third)
    assert failed_jobs() == []
    worked = round(500000 * (third - ends).days / (third - starts).days)
    assert paid_for_retainer() == 3 * 500000 + worked


def test_killed_after_stripe_paused_it_is_the_same_pause_and_credit(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    engagement = second_month(payer)
    ends = engagement.today + timedelta(days=9)
    pause = engagement.plan_pause(engagement.today, ends, firm(), "Closed")
    session.commit()
    run(lambda: pausing.begin(pause.id))
    killed_after(monkeypatch, subscriptions, "pause")
    run_and_die(lambda: pausing.hold(pause.id))
    assert (rows(Pause)[0].held, subscription().status) == ("", "active")
    payer.hear()
    assert failed_jobs() == []
    assert (rows(Pause)[0].held, subscription().status) == ("paused", "paused")
    assert len(credits()) == len(payer.stripe.of("credit_note", engagement.id)) == 1
    killed_after(monkeypatch, subscriptions, "resume")
    payer.set_clock(midnight(ends, engagement.time_zone) + MOMENT)
    payer.stripe.advance(midnight(ends, engagement.time_zone) + MOMENT)
    run_and_die(lambda: pausing.resume(pause.id))
    assert payer.engagement.stage == "paused"
    run(lambda: pausing.resume(pause.id))
    payer.hear()
    assert (payer.engagement.stage, subscription().status) == ("active", "active")
    until(payer, engagement.month_after(ends))
    assert failed_jobs() == []
    month = engagement.month_around(ends)
    length = (month[1] - month[0]).days
    unused = round(500000 * (month[1] - pause.starts).days / length)
    rest = round(500000 * (month[1] - ends).days / length)
    assert [credit.amount_minor for credit in credits()] == [unused]
    assert [item.amount_minor for item in items()] == [rest]
    made = [call for call in payer.stripe.calls("/v1/subscriptions") if call["method"] == "POST"]
    named = [call["path"].rsplit("/", 1)[1] for call in made]
    assert (named.count("pause"), named.count("resume")) == (1, 1)


def test_killed_after_stripe_changed_the_plan_it_is_the_same_price_and_invoice(
    payer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    engagement = under_way(payer, days=10)
    by, offered = firm(), bigger(engagement)
    quote = quoted(engagement, offered, engagement.today, by)
    quoting.confirm(quote, by, "More work")
    session.commit()
    [change], [bill] = rows(TermsChange), rows(Bill)
    killed_after(monkeypatch, subscriptions, "set_price")
    run_and_die(lambda: following.follow_plan(change.id))
    assert subscription().price_minor == 500000
    killed_after(monkeypatch, bills, "issue")
    run_and_die(lambda: bills.make(bill.id))
    assert rows(Bill)[0].state == "intended"
    [theirs] = payer.stripe.of("subscription", engagement.id)
    payer.hear()
    assert failed_jobs() == []
    [again] = payer.stripe.of("subscription", engagement.id)
    assert again["items"]["data"][0]["price"]["id"] == theirs["items"]["data"][0]["price"]["id"]
    assert subscription().price_minor == 700000
    assert len(payer.stripe.of("invoiceitem", engagement.id)) == 1
    assert [one["total"] for one in payer.stripe.of("invoice", engagement.id)] == [
        quote.total.minor
    ]
    assert invoices()[-1].total == quote.total
