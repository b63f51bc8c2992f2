"""Calendars whose server asked to be left alone for a while (Retry-After, RFC 9110, 10.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, func

from webapp import clock
from webapp.booking.outside.fetch.waiting import LONGEST_SECONDS
from webapp.booking.outside.models import OutsideCalendar

# Among a calendar's validators, until it has been read: the instant, in whole seconds since 1970.
LEFT_ALONE = "left_alone_until"


def leave_alone(calendar: OutsideCalendar, seconds: int) -> None:
    """For so long from now; 0: not any more."""
    kept = {name: held for name, held in calendar.validators.items() if name != LEFT_ALONE}
    until = {LEFT_ALONE: _epoch(clock.now()) + seconds} if seconds else {}
    calendar.validators = kept | until


def left_alone_until(calendar: OutsideCalendar) -> datetime | None:
    until = calendar.validators.get(LEFT_ALONE)
    return datetime.fromtimestamp(until, UTC) if until else None


def is_left_alone() -> ColumnElement[bool]:
    """Just now; an instant farther away than any that is asked for is from a clock gone back."""
    now = clock.now()
    until = OutsideCalendar.validators[LEFT_ALONE].as_integer()
    farthest = now + timedelta(seconds=LONGEST_SECONDS)
    return func.coalesce((until > _epoch(now)) & (until <= _epoch(farthest)), False)


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())
