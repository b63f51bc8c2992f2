"""Billing periods: counted from the anchor, so that a short month never moves the ones after it.

Source: Stripe's page on the billing cycle: a subscription anchored on the 31st bills on the last
day of shorter months. Periods are in UTC.
"""

import calendar
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

_FIXED = {"day": timedelta(days=1), "week": timedelta(weeks=1)}
_MONTHS = {"month": 1, "year": 12}


class Anchor(NamedTuple):
    """The instant periods are counted from, and the day of the month they would start on."""

    at: int
    day: int

    @classmethod
    def of(cls, at: int, config: dict[str, Any] | None = None) -> "Anchor":
        day = (config or {}).get("day_of_month") or datetime.fromtimestamp(at, UTC).day
        return cls(at, day)


def add_periods(anchor: Anchor, recurring: dict[str, Any], n: int) -> int:
    """Unix seconds of the start of the n-th period from the anchor; n may be negative."""
    start = datetime.fromtimestamp(anchor.at, UTC)
    count = n * recurring["interval_count"]
    if recurring["interval"] in _FIXED:
        return int((start + count * _FIXED[recurring["interval"]]).timestamp())
    month = start.year * 12 + start.month - 1 + count * _MONTHS[recurring["interval"]]
    year, month0 = divmod(month, 12)
    return int(_on_day(start, year, month0, anchor.day).timestamp())


def _on_day(clock: datetime, year: int, month0: int, day: int) -> datetime:
    last = calendar.monthrange(year, month0 + 1)[1]
    return clock.replace(year=year, month=month0 + 1, day=min(day, last))


def period_around(anchor: Anchor, recurring: dict[str, Any], at: int) -> tuple[int, int]:
    """Start and end of the period that holds an instant; a start belongs to its period."""
    n = _estimate(anchor, recurring, at)
    while add_periods(anchor, recurring, n) > at:
        n -= 1
    while add_periods(anchor, recurring, n + 1) <= at:
        n += 1
    return add_periods(anchor, recurring, n), add_periods(anchor, recurring, n + 1)


def _estimate(anchor: Anchor, recurring: dict[str, Any], at: int) -> int:
    days = {"day": 1, "week": 7, "month": 30.44, "year": 365.25}[recurring["interval"]]
    return int((at - anchor.at) / (days * 86400 * recurring["interval_count"]))


def first_anchor(config: dict[str, Any], recurring: dict[str, Any], at: int) -> int:
    """The first instant at or after ``at`` that ``billing_cycle_anchor_config`` describes."""
    start = datetime.fromtimestamp(at, UTC)
    given = {k: config[k] for k in ("hour", "minute", "second") if config.get(k) is not None}
    clock = start.replace(**given)
    month = config.get("month") or clock.month
    first = _on_day(clock.replace(day=1), clock.year, month - 1, config["day_of_month"])
    anchor = Anchor(int(first.timestamp()), config["day_of_month"])
    begins, ends = period_around(anchor, recurring, at)
    return begins if begins == at else ends
