"""Where a review fits: the same search for the one that is booked and for the one that is shown."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from babel.dates import format_date

from webapp import clock
from webapp.booking.days import Holidays, business_days_before, is_business_day, next_business_days
from webapp.booking.models import Booking
from webapp.booking.models.open_times import Calendar, calendars
from webapp.catalog.models import Consultant
from webapp.engagements.models import Engagement
from webapp.reviews.rule import Rule
from webapp.reviews.times import (
    SHORTEST_NOTICE,
    client_day,
    each_day,
    holidays_of,
    month_of,
    naming_among,
)
from webapp.web import zone_place

REACH_BUSINESS_DAYS = 3


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a consultant from a time. kind: weekend, holiday, off (their hours) or busy."""

    kind: str
    who: str
    text: str


@dataclass(frozen=True)
class Seat:
    """A consultant with the calendar that was read; None where they never set one."""

    consultant: Consultant
    calendar: Calendar | None

    def obstacle(self, at: datetime, minutes: int) -> Obstacle | None:
        local = self._local(at)
        kind = self._kind(local, minutes)
        return Obstacle(kind, self.consultant.name, self._text(kind, local)) if kind else None

    def free(self, at: datetime, minutes: int) -> bool:
        return not self._kind(self._local(at), minutes)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.consultant.time_zone))

    def _kind(self, local: datetime, minutes: int) -> str:
        """By their own clock and their own date, whatever date it is for the client."""
        if local.weekday() > 4:
            return "weekend"
        if self._holiday(local.date()):
            return "holiday"
        if not self.calendar or not self.calendar.untaken.free(local, minutes):
            return "off"
        return "" if self.calendar.free(local, minutes) else "busy"

    def _holiday(self, day: date) -> str:
        return naming_among([self.consultant.country])(day)

    def _text(self, kind: str, local: datetime) -> str:
        name, place = self.consultant.name, zone_place(self.consultant.time_zone)
        on = str(format_date(local.date(), "EEE d MMMM", locale="en"))
        return {
            "weekend": f"It is {on} for {name} ({place}), a weekend.",
            "holiday": f"It is {on} for {name} ({place}): {self._holiday(local.date())}.",
            "off": f"{name} does not work at that time ({on}, {local:%H:%M} in {place}).",
            "busy": f"{name} is busy at that time.",
        }[kind]


@dataclass(frozen=True)
class Search:
    """The calendars of all its consultants over some months, read once."""

    rule: Rule
    minutes: int
    holidays: Holidays
    seats: Sequence[Seat]
    earliest: datetime

    @classmethod
    def of(
        cls,
        engagement: Engagement,
        rule: Rule,
        minutes: int,
        first: date,
        last: date,
        own: Collection[Booking] = (),
    ) -> Self:
        """Over these dates; own: meetings whose present time counts as free."""
        consultants = [row.consultant for row in engagement.assignments]
        ids: list[uuid.UUID] = [who.id for who in consultants]
        read = calendars(ids, rule.instant(first), rule.instant(last))
        spans = [(booking.starts_at, booking.ends_at) for booking in own]
        seats = [Seat(who, _without(read.get(who.id), spans)) for who in consultants]
        earliest = clock.now() + SHORTEST_NOTICE
        return cls(rule, minutes, holidays_of(engagement), seats, earliest)

    def obstacles(self, at: datetime) -> list[Obstacle]:
        """What is in the way, of each consultant the first thing."""
        found = (seat.obstacle(at, self.minutes) for seat in self.seats)
        return [obstacle for obstacle in found if obstacle]

    def fits(self, at: datetime) -> bool:
        each = (seat.free(at, self.minutes) for seat in self.seats)
        return at >= self.earliest and bool(self.seats) and all(each)

    def candidates(self, day: date) -> Iterator[datetime]:
        """The rule's time on that date if it fits, then what does near it, the nearest first."""
        wanted = self.rule.instant(day)
        if self.fits(wanted):
            yield wanted
        yield from (at for at in self._near(day) if at != wanted)

    def first(self, day: date) -> datetime | None:
        """Where a review that is due on that date would be booked now."""
        return next(self.candidates(day), None)

    def _near(self, day: date) -> list[datetime]:
        """Within three business days either way, by day, in the same month.

        The nearest date first, the later of two; on each, the nearest to the rule's own time.
        Never in another month: that one has a review of its own.
        """
        before = business_days_before(day, REACH_BUSINESS_DAYS, self.holidays)
        after = next_business_days(day, REACH_BUSINESS_DAYS, self.holidays)[-1]
        first, last = max(before, month_of(day)[0]), min(after, month_of(day)[1])
        days = [on for on in each_day(first, last) if is_business_day(on, self.holidays)]
        days.sort(key=lambda on: (abs(on - day), on < day))
        return [at for on in days for at in self._on(on)]

    def _on(self, day: date) -> list[datetime]:
        fitting = (at for at in client_day(self.rule, day) if self.fits(at))
        wanted = self.rule.instant(day)

        def distance(at: datetime) -> timedelta:
            return abs(at - wanted)

        return sorted(fitting, key=distance)


def _without(
    calendar: Calendar | None, spans: Sequence[tuple[datetime, datetime]]
) -> Calendar | None:
    """With each of these meetings taken out once: what lies there besides stays."""
    if calendar is None:
        return None
    busy = list(calendar.host.busy)
    for span in spans:
        ours = next((one for one in busy if (one.start, one.end) == span), None)
        if ours:
            busy.remove(ours)
    return replace(calendar, host=replace(calendar.host, busy=busy))
