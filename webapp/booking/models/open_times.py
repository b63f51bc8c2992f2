"""When consultants can be met: hours, overrides, rules and claims, read into slot searches."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, or_, select

from webapp import clock
from webapp.booking.days import holidays_between
from webapp.booking.models.availability import CalendarRules, DateOverride, WeeklyWindow
from webapp.booking.models.claim import Claim
from webapp.booking.slots import (
    Busy,
    Event,
    Host,
    Override,
    Weekly,
    Window,
    next_slot,
    offers,
    slots,
)
from webapp.booking.slots.spans import spans
from webapp.catalog.models import Consultant
from webapp.db import session

Row = TypeVar("Row")

MINUTE = timedelta(minutes=1)
WEEK = timedelta(weeks=1)
# A local day and a night shift lie within two days of the instant that is asked about.
AROUND = timedelta(days=2)


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
        host = Host(self.host.time_zone, self.host.weekly, self.host.overrides)
        return Calendar(self.rules, host, self.now)

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
        )


def calendars(
    consultant_ids: Collection[uuid.UUID],
    first: datetime,
    last: datetime,
    *,
    besides_hold: uuid.UUID | None = None,
    besides_booking: uuid.UUID | None = None,
) -> dict[uuid.UUID, Calendar]:
    """The consultants' calendars around [first, last), in four queries however many they are.

    A public holiday of their country is closed, unless they set hours for that very date.
    What is held or booked under `besides_…` is left out: it may overlap its own successor.
    """
    ids = sorted(set(consultant_ids))
    weekly = _grouped(WeeklyWindow, ids, _weekly)
    overrides = _grouped(DateOverride, ids, _override)
    reach = first - AROUND, last + AROUND
    busy = _busy(ids, *reach, besides_hold, besides_booking)
    owners = (
        select(Consultant.id, Consultant.time_zone, Consultant.country, CalendarRules)
        .outerjoin(CalendarRules, CalendarRules.consultant_id == Consultant.id)
        .where(Consultant.id.in_(ids))
    )
    now = clock.now()
    found = {}
    for who, zone, country, rules in session.execute(owners):
        dates = _with_holidays(overrides[who], country, *reach)
        host = Host(zone, weekly[who], dates, busy[who])
        found[who] = Calendar(rules or default_rules(who), host, now)
    return found


def default_rules(consultant_id: uuid.UUID) -> CalendarRules:
    """What holds until a consultant says otherwise."""
    return CalendarRules(
        consultant_id=consultant_id, step=30, buffer_before=0, buffer_after=15,
        minimum_notice=24 * 60, horizon_days=60, per_day=None, per_week=None, change_notice=24 * 60,
    )  # fmt: skip


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


def _grouped(
    noun: Any, ids: Sequence[uuid.UUID], read: Callable[[Any], Row]
) -> defaultdict[uuid.UUID, list[Row]]:
    found: defaultdict[uuid.UUID, list[Row]] = defaultdict(list)
    for row in session.scalars(select(noun).where(noun.consultant_id.in_(ids))):
        found[row.consultant_id].append(read(row))
    return found


def _weekly(row: WeeklyWindow) -> Weekly:
    return Weekly(frozenset({row.weekday}), window(row.starts, row.ends))


def _override(row: DateOverride) -> Override:
    return Override(row.on, tuple(window(*pair) for pair in row.pairs))


def _with_holidays(
    own: Sequence[Override], country: str, first: datetime, last: datetime
) -> list[Override]:
    closed = holidays_between(country, first.date(), last.date()) - {row.date for row in own}
    return [*own, *(Override(day, ()) for day in sorted(closed))]


def window(starts: str, ends: str) -> Window:
    """Opening hours from 'HH:MM' texts; '24:00' is the end of the day."""
    return Window(minute_of_day(starts), minute_of_day(ends))


def minute_of_day(written: str) -> int:
    hours, _, minutes = written.partition(":")
    return int(hours) * 60 + int(minutes)


def _busy(
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
