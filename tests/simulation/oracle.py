"""What a year should have cost, worked out from the bare facts with nothing of the app's.

Plain dates and whole numbers: a second opinion is worth something only when it is another's.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.simulation.client import Contest, Facts

DAY = timedelta(days=1)


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


def months(facts: Facts, until: datetime) -> Iterator[tuple[date, date]]:
    """[first, last) of the months that have begun by an instant; the first counts from booking."""
    number = 1
    while True:
        first, last = month_start(facts.kick_off, number), month_start(facts.kick_off, number + 1)
        begun = number == 1 or midnight(first, facts.zone) < until
        if not begun or (facts.ends_on and first >= facts.ends_on):
            return
        if facts.cancelled and number > 1:
            return
        yield first, last
        number += 1


def part(price: int, days: int, of: int) -> int:
    """So many days of a month: rounded to the nearest unit, half a unit up."""
    return (2 * price * days + of) // (2 * of)


def worked(facts: Facts, first: date, last: date, today: date) -> Iterator[tuple[date, date, int]]:
    """Stretches of a month in which work is paid for, each at one price: [from, to), price.

    A pause that has begun and not ended is taken to last: what follows it is charged then.
    """
    end = min(last, facts.ends_on) if facts.ends_on else last
    pauses = [(since, to if to <= today else last) for since, to in facts.pauses if since <= today]
    on: date | None = None
    for day in (first + n * DAY for n in range((last - first).days + 1)):
        off = day >= end or any(since <= day < to for since, to in pauses)
        if on is not None and (off or price_on(facts, day) != price_on(facts, on)):
            yield on, day, price_on(facts, on)
            on = None
        if on is None and not off:
            on = day


def cost_of_work(facts: Facts, until: datetime) -> int:
    """All months, to the unit: each stretch costs what the month has left at its start, less what
    it has left at its end."""
    if facts.kind != "retainer":
        return facts.prices[0][1]
    today = until.astimezone(ZoneInfo(facts.zone)).date()
    return sum(
        part(price, (last - since).days, (last - first).days)
        - part(price, (last - to).days, (last - first).days)
        for first, last in months(facts, until)
        for since, to, price in worked(facts, first, last, today)
    )


def lessened(facts: Facts, until: datetime) -> int:
    """What the code takes off: so many hundredths of each of the first months, half a unit up. Who
    has one keeps their plan and works on (ways.py), so that each month is a whole one."""
    percent, most = facts.off
    begun = list(months(facts, until))[:most] if percent else []
    return sum(part(price_on(facts, first), percent, 100) for first, _ in begun)


def left_of_deposit(facts: Facts, today: date) -> set[int]:
    """What is held of it, or was lost to the payer's bank: all of it or nothing. Both are right
    where a bank took a payment back, or decided, within days of when it would have been set off."""
    held = {facts.deposit}
    for day in _set_off(facts, today):
        free = {_free(facts, day - n * DAY) for n in range(4)}
        if day == today and any(_open(one, day - n * DAY) for one in facts.contests
                                for n in range(4)):  # fmt: skip
            free.add(False)
        if True in free:
            held = {0} if free == {True} else held | {0}
    return held


def _set_off(facts: Facts, today: date) -> Iterator[date]:
    """When the deposit pays of what is owed last: the last month, where notice came before it
    began; else, and once a bank has decided, what is left at the end."""
    if facts.ends_on is None or facts.noticed is None:
        return
    number = 1
    while month_start(facts.kick_off, number + 1) < facts.ends_on:
        number += 1
    last = month_start(facts.kick_off, number)
    if number > 1 and facts.noticed < last <= today:
        yield last
    if facts.ends_on <= today:
        yield today


def _free(facts: Facts, day: date) -> bool:
    """Whether no bank has the payment that brought it: for now, or for good."""
    ours = [one for one in facts.contests if one.of_deposit and one.since <= day]
    return not any(one.lost or _open(one, day) for one in ours)


def _open(contest: Contest, day: date) -> bool:
    return contest.since <= day <= contest.until


def owed(facts: Facts, until: datetime) -> set[int]:
    """What an engagement has cost the client by an instant, the deposit that is held included."""
    today = until.astimezone(ZoneInfo(facts.zone)).date()
    items = sum(minor for _, minor in facts.items)
    work = cost_of_work(facts, until) - lessened(facts, until)
    rest = work + items - sum(facts.given_back)
    return {rest + deposit for deposit in left_of_deposit(facts, today)}


def items(facts: Facts) -> Counter[tuple[str, int]]:
    """What was added beside the months, each once."""
    return Counter(facts.items)


def unclear(facts: Facts, until: datetime) -> bool:
    """Whether something falls within a day of that instant: then Stripe may be half through it."""
    today = until.astimezone(ZoneInfo(facts.zone)).date()
    near = {today + n * DAY for n in (-2, -1, 0, 1, 2)}
    dates = {day for stretch in facts.pauses for day in stretch} | {facts.ends_on}
    starts = {first for first, _ in months(facts, until + 3 * DAY)}
    return bool(near & (dates | starts))
