"""What a client reads right after paying: what comes when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp import clock
from webapp.billing.buying.order import Order
from webapp.engagements.models import Engagement
from webapp.web import format_day, format_money, format_when


@dataclass(frozen=True)
class Entry:
    when: str
    title: str
    text: str = ""
    state: str = "next"


def next_steps(
    engagement: Engagement, order: Order, net_days: int | None = None, plus_tax: bool = False
) -> list[Entry]:
    """In the order in which they happen; times in the engagement's zone.

    net_days: how long they have to pay what is invoiced; None where a card or account is charged.
    """
    assert engagement.sponsor is not None
    zone, lead = engagement.time_zone, engagement.with_whom
    kickoff = engagement.kickoff
    starts = kickoff.starts_at if kickoff else engagement.hold.starts_at
    address = engagement.sponsor.email
    entries = [
        Entry("Now", "Look into your mail", f"{address} gets the kick-off for your calendar, "
              f"a link to sign in, and the {'receipt' if net_days is None else 'invoice'}.", "now"),
        _ready(starts - timedelta(days=2), zone),
        Entry(format_when(starts, zone), f"Kick-off with {lead}",
              "An hour on where you stand, what matters first, and who decides what."),
    ]  # fmt: skip
    return entries + _later(order, net_days, plus_tax)


def _ready(told_at: datetime, zone: str) -> Entry:
    """What to bring is written two days before the kick-off; to who books later, at once."""
    title = "What to have ready"
    if told_at <= clock.now():
        return Entry("Now", title, "It is in your mail: what makes the first hour useful.", "now")
    day = format_day(told_at, zone)
    return Entry(day, title, "Two days before, we write what makes the first hour useful.")


def _later(order: Order, net_days: int | None, plus_tax: bool) -> list[Entry]:
    if order.renewal is None:
        return []
    price = format_money(order.second_month) + (", plus tax," if plus_tax else "")
    day = format_day(order.renewal.on)
    how = (
        "is charged the same way"
        if net_days is None
        else f"is invoiced, payable in {net_days} days"
    )
    return [
        Entry("Each month", "A review", "What was done, what the numbers say, what comes next."),
        Entry(day, "Your second month", f"{price} {how}. We say so before."),
    ]
