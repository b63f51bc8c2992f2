"""What a year should have cost, worked out from the bare facts with nothing of the app's.

Plain dates and whole numbers: a second opinion is worth something only when it is another's.
"""

from __future__ import annotations

import calendar
from collections import Counter
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from tests.simulation.client import Facts

Line = tuple[str, int]


def month_start(anchor: date, number: int) -> date:
    """The first day of the nth month from an anchor: the 31st falls on a short month's last."""
    index = anchor.year * 12 + anchor.month - 1 + number - 1
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def price_on(facts: Facts, day: date) -> int:
    """The price of the last change that began by that day."""
    return [price for since, price in facts.prices if since <= day][-1]


def midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def months(facts: Facts, until: datetime) -> list[date]:
    """The months that were begun, and so paid for in advance, by an instant; the first is."""
    found, number = [facts.kick_off], 2
    while facts.kind == "retainer":
        start = month_start(facts.kick_off, number)
        if midnight(start, facts.zone) >= until or (facts.ends_on and start >= facts.ends_on):
            break
        if not any(since <= start < to for since, to in facts.pauses):
            found.append(start)
        number += 1
    return found


def lines(facts: Facts, until: datetime) -> Counter[Line]:
    """Every line that should stand on an invoice, as (kind, minor units)."""
    monthly = [("month", price_on(facts, start)) for start in months(facts, until)]
    deposit = [("deposit", facts.deposit)] if facts.deposit else []
    return Counter([*monthly, *deposit, *facts.items])
