"""The calendars of people who meet on one call."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp import clock
from webapp.booking.models.open_times import MINUTE, WEEK, Calendar, calendars
from webapp.booking.models.seat import Team, as_team
from webapp.catalog.models import Consultant

Spans = Sequence[tuple[datetime, datetime]]

NEAREST_REACH = timedelta(days=14)


@dataclass(frozen=True)
class Together:
    """Starts on the first one's grid at which everybody is open, each by their own rules."""

    lead: Calendar
    others: Sequence[Calendar] = ()

    @classmethod
    def of(cls, read: Sequence[Calendar]) -> Together:
        return cls(read[0], read[1:])

    @property
    def now(self) -> datetime:
        return self.lead.now

    @property
    def horizon(self) -> datetime:
        """The first instant too far ahead to be booked."""
        return min(calendar.horizon for calendar in (self.lead, *self.others))

    def slots(self, first: datetime, last: datetime, minutes: int) -> list[datetime]:
        """Starts on offer in [first, last)."""
        starts = self.lead.slots(first, min(last, self.horizon), minutes)
        for other in self.others:
            if starts:
                starts = within(starts, other.spans(starts[0], starts[-1] + MINUTE, minutes))
        return starts

    def each_slot(self, minutes: int) -> Iterator[datetime]:
        """Everything on offer, up to the horizon; worked out a week at a time."""
        first = self.now
        while first < self.horizon:
            yield from self.slots(first, first + WEEK, minutes)
            first += WEEK

    def offers(self, at: datetime, minutes: int) -> bool:
        """Whether a visitor may choose this start."""
        return at in self.slots(at, at + MINUTE, minutes)

    def would_offer(self, at: datetime, minutes: int) -> bool:
        """Whether it would be on offer if nothing were taken."""
        untaken = Together(self.lead.untaken, [other.untaken for other in self.others])
        return untaken.offers(at, minutes)


def within(starts: Sequence[datetime], spans: Spans) -> list[datetime]:
    """The starts that lie in one of the spans; both are in order."""
    firsts = [first for first, _ in spans]
    return [
        start
        for start in starts
        if (position := bisect_right(firsts, start)) and start < spans[position - 1][1]
    ]


def nearest(
    consultants: Consultant | Team, instant: datetime, n: int = 3, minutes: int = 60
) -> list[datetime]:
    """The n starts closest to an instant that are open to all of them, in order of time.

    None of nobody.
    """
    ids = [who.id for who in as_team(consultants)]
    if not ids:
        return []
    first, last = max(instant - NEAREST_REACH, clock.now()), instant + NEAREST_REACH
    read = calendars(ids, first, last := max(first, last))
    found = Together.of([read[who] for who in ids]).slots(first, last, minutes)
    return sorted(sorted(found, key=lambda start: abs(start - instant))[:n])
