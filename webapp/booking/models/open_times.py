"""When consultants can be met: their hours, less the time already taken."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select

from webapp import clock
from webapp.booking.models.availability import CalendarRules
from webapp.booking.models.claim import Claim
from webapp.booking.models.opening_hours import opening_hours
from webapp.booking.outside import busy as outside
from webapp.booking.slots import Busy, Event, Host, next_slot, offers, slots
from webapp.booking.slots.spans import spans
from webapp.db import session

MINUTE = timedelta(minutes=1)
WEEK = timedelta(weeks=1)
# A night shift, and the week of a weekly limit, lie this near to the instant that is asked about.
AROUND = timedelta(days=8)


@dataclass(frozen=True)
class Calendar:
    """One consultant's rules, hours, and the time already taken, as read at `now`."""

    rules: CalendarRules
    host: Host
    now: datetime = field(default_factory=clock.now)

    @property
    def horizon(self) -> datetime:
        """The first instant too far ahead to be booked."""
        return self.now + timedelta(days=self.rules.horizon_days)

    def slots(self, first: datetime, last: datetime, minutes: int) -> list[datetime]:
        """Starts on offer in [first, last)."""
        last = min(last, self.horizon)
        if first >= last:
            return []
        return slots(self._event(minutes), [self.host], first, last, self.now, "single")

    def each_slot(self, minutes: int) -> Iterator[datetime]:
        """Everything on offer, up to the horizon; worked out a week at a time."""
        first = self.now
        while first < self.horizon:
            yield from self.slots(first, first + WEEK, minutes)
            first += WEEK

    def spans(
        self, first: datetime, last: datetime, minutes: int
    ) -> list[tuple[datetime, datetime]]:
        """[start, end) of what is on offer in [first, last), off the grid: to meet with others."""
        last = min(last, self.horizon)
        if first >= last:
            return []
        return spans(self._event(minutes), self.host, first, last, self.now)

    def all_slots(self, minutes: int) -> list[datetime]:
        return list(self.each_slot(minutes))

    def next_slot(self, first: datetime, minutes: int) -> datetime | None:
        """The first start on offer from that instant to the horizon."""
        first = max(first, self.now)
        if first >= self.horizon:
            return None
        return next_slot(self._event(minutes), [self.host], first, self.horizon, self.now, "single")

    def offers(self, at: datetime, minutes: int) -> bool:
        """Whether a visitor may choose this start."""
        return at in self.slots(at, at + MINUTE, minutes)

    def would_offer(self, at: datetime, minutes: int) -> bool:
        """Whether it would be on offer if nothing were taken."""
        return self.untaken.offers(at, minutes)

    @property
    def untaken(self) -> Calendar:
        """The same hours and rules with nothing taken."""
        return Calendar(self.rules, replace(self.host, busy=()), self.now)

    def free(self, at: datetime, minutes: int) -> bool:
        """Whether they work then and nothing is in the way: off the grid, whatever the notice."""
        whole = at.replace(second=0, microsecond=0) == at
        return whole and offers(self._event(minutes, 1, 0), [self.host], self.now, "single", at)

    def _event(self, minutes: int, step: int | None = None, notice: int | None = None) -> Event:
        rules = self.rules
        return Event(
            duration=minutes,
            step=step or rules.step,
            buffer_before=rules.buffer_before,
            buffer_after=rules.buffer_after,
            min_notice=rules.minimum_notice if notice is None else notice,
            per_day=rules.per_day,
            per_week=rules.per_week,
        )


def calendars(
    consultant_ids: Collection[uuid.UUID],
    first: datetime,
    last: datetime,
    *,
    besides_hold: uuid.UUID | None = None,
    besides_booking: uuid.UUID | None = None,
) -> dict[uuid.UUID, Calendar]:
    """The consultants' calendars around [first, last); a constant number of queries.

    What is held or booked under `besides_…` is left out: it may overlap its own successor. What
    their outside calendars take is taken here too: no constraint knows it, so whoever takes time
    reads this within the same transaction.
    """
    ids = sorted(set(consultant_ids))
    reach = first - AROUND, last + AROUND
    claimed = _claimed(ids, *reach, besides_hold, besides_booking)
    elsewhere = outside.busy(ids, *reach)
    now = clock.now()
    return {
        who: Calendar(hours.rules, replace(hours.host, busy=claimed[who] + elsewhere[who]), now)
        for who, hours in opening_hours(ids, *reach).items()
    }


def open_slots(
    consultant_ids: Collection[uuid.UUID],
    first: datetime,
    last: datetime,
    minutes: int,
    besides_hold: uuid.UUID | None = None,
) -> dict[uuid.UUID, list[datetime]]:
    """Each consultant's starts on offer in [first, last), in UTC; a constant number of queries."""
    read = calendars(consultant_ids, first, last, besides_hold=besides_hold)
    return {who: calendar.slots(first, last, minutes) for who, calendar in read.items()}


def _claimed(
    ids: Sequence[uuid.UUID],
    first: datetime,
    last: datetime,
    hold_id: uuid.UUID | None,
    booking_id: uuid.UUID | None,
) -> defaultdict[uuid.UUID, list[Busy]]:
    before = Claim.starts_at - func.lower(Claim.buffered)
    after = func.upper(Claim.buffered) - Claim.ends_at
    rows = select(
        Claim.consultant_id, Claim.kind, Claim.starts_at, Claim.ends_at, before, after
    ).where(
        Claim.consultant_id.in_(ids),
        Claim.active,
        or_(Claim.expires_at.is_(None), Claim.expires_at > clock.now()),
        Claim.starts_at < last,
        Claim.ends_at > first,
        *_not_of(hold_id, booking_id),
    )
    found: defaultdict[uuid.UUID, list[Busy]] = defaultdict(list)
    for who, kind, starts, ends, room_before, room_after in session.execute(rows):
        room = room_before // MINUTE, room_after // MINUTE
        found[who].append(Busy(starts, ends, *room, counts=kind != "block"))
    return found


def _not_of(hold_id: uuid.UUID | None, booking_id: uuid.UUID | None) -> list[ColumnElement[bool]]:
    wanted = []
    if hold_id:
        wanted.append(Claim.hold_id.is_distinct_from(hold_id))
    if booking_id:
        wanted.append(Claim.booking_id.is_distinct_from(booking_id))
    return wanted
