"""How much of an outside calendar is read, how often, and for how long that is believed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func

from webapp import clock
from webapp.booking.outside.models import OutsideCalendar

READ_EVERY = timedelta(minutes=15)
# A calendar not read for so long is not believed: what it said may be wrong by now.
STALE_AFTER = timedelta(hours=2)
# Past the farthest day that can be booked, so that no day on offer is beyond what was read.
REACH = timedelta(days=400)
BEHIND = timedelta(days=1)
# A calendar that says "unchanged" says nothing of the days that came into reach since.
READ_WHOLE_EVERY = timedelta(days=1)
# By so much two machines' clocks may differ; a reading of later than that has yet to take place.
ASKEW = timedelta(minutes=1)

# How far ahead of now what is stored ends while it can be gone by. Where it ends later, it begins
# later than now: it was read while the clock was ahead.
LEAST_AHEAD = REACH - READ_WHOLE_EVERY - STALE_AFTER
MOST_AHEAD = REACH + BEHIND


class Window(NamedTuple):
    """began: when the asking began, which is as of when its answer is known to hold."""

    began: datetime

    @property
    def first(self) -> datetime:
        return self.began - BEHIND

    @property
    def last(self) -> datetime:
        return self.began + REACH

    def covered_by(self, stored_until: datetime | None) -> bool:
        """Whether busy time that was stored until then may stand for what is asked now.

        Neither too old nor, where the clock was ahead, from a window that begins later.
        """
        if stored_until is None:
            return False
        return self.last - READ_WHOLE_EVERY < stored_until <= self.last + ASKEW


def believed(calendar: OutsideCalendar) -> bool:
    """Whether it was read lately, and what is stored of it covers what may be asked for now."""
    now, read_at, until = clock.now(), calendar.read_at, calendar.covers_until
    if read_at is None or until is None:
        return False
    lately = now - STALE_AFTER <= read_at <= now + ASKEW
    return lately and now + LEAST_AHEAD <= until <= now + MOST_AHEAD


def is_believed() -> ColumnElement[bool]:
    """The same, for queries."""
    now, read_at, until = clock.now(), OutsideCalendar.read_at, OutsideCalendar.covers_until
    lately = read_at.between(now - STALE_AFTER, now + ASKEW)
    return func.coalesce(and_(lately, until.between(now + LEAST_AHEAD, now + MOST_AHEAD)), False)
