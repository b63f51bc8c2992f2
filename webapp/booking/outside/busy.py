"""The time that outside calendars take. A calendar nobody could read lately takes all of it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    cast,
    extract,
    func,
    literal,
    select,
    union_all,
)

from webapp.booking.outside.models import OutsideBusy, OutsideCalendar
from webapp.booking.outside.window import is_believed
from webapp.booking.slots import Busy
from webapp.booking.slots.search import EARLIEST, LATEST
from webapp.db import session
from webapp.outbox import RetryLater

WAIT_SECONDS = 30


def is_stale() -> ColumnElement[bool]:
    """Calendars that count, and cannot be gone by: not read lately, never, or for another time."""
    return OutsideCalendar.reads & ~is_believed()


def busy(
    consultant_ids: Collection[uuid.UUID], first: datetime, last: datetime
) -> defaultdict[uuid.UUID, list[Busy]]:
    """What takes each consultant's time in [first, last), in one query.

    Of a stale calendar everything is taken, from the beginning of time to its end: nothing is
    offered that might be taken. None of it counts towards limits a day or a week.
    """
    who, starts, ends = _taken(consultant_ids, first, last).subquery("taken").c
    # A row for each consultant: one for each busy time takes ten times as long to fetch.
    rows = select(who, func.array_agg(_epoch(starts)), func.array_agg(_epoch(ends))).group_by(who)
    found: defaultdict[uuid.UUID, list[Busy]] = defaultdict(list)
    for consultant_id, begins, stops in session.execute(rows):
        found[consultant_id] = [
            Busy(_instant(begin), _instant(stop)) for begin, stop in zip(begins, stops, strict=True)
        ]
    return found


def _taken(
    consultant_ids: Collection[uuid.UUID], first: datetime, last: datetime
) -> CompoundSelect[uuid.UUID, datetime, datetime]:
    known = (
        select(OutsideBusy.consultant_id, OutsideBusy.starts_at, OutsideBusy.ends_at)
        .join(OutsideCalendar, OutsideCalendar.id == OutsideBusy.calendar_id)
        .where(OutsideBusy.consultant_id.in_(consultant_ids), OutsideCalendar.reads)
        .where(OutsideBusy.starts_at < last, OutsideBusy.ends_at > first)
    )
    unknown = select(OutsideCalendar.consultant_id, literal(EARLIEST), literal(LATEST)).where(
        OutsideCalendar.consultant_id.in_(consultant_ids), is_stale()
    )
    return union_all(known, unknown)


def _epoch(instant: ColumnElement[datetime]) -> ColumnElement[int]:
    return cast(extract("epoch", instant), BigInteger)


def _instant(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def stale(consultant_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the consultants who offer nothing, because a calendar of theirs is not believed."""
    rows = select(OutsideCalendar.consultant_id).where(
        OutsideCalendar.consultant_id.in_(consultant_ids), is_stale()
    )
    return set(session.scalars(rows))


def wait_until_read(consultant_ids: Collection[uuid.UUID]) -> None:
    """RetryLater where a calendar of theirs is stale only because nobody has asked it yet.

    After a night without workers the first jobs would else find everybody taken. One that was
    asked and did not answer is not waited for.
    """
    unasked = select(OutsideCalendar.id).where(
        OutsideCalendar.consultant_id.in_(consultant_ids), is_stale(), OutsideCalendar.failures == 0
    )
    if session.scalar(unasked.limit(1)):
        raise RetryLater("calendars elsewhere are about to be read", WAIT_SECONDS)
