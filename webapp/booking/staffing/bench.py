"""Everybody who could fill an offering, alone or as one of two, and when each could begin."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp.booking.models import KICKOFF_MINUTES
from webapp.booking.models.capacity import months_between, months_needed
from webapp.booking.models.open_times import MINUTE, Calendar
from webapp.booking.models.together import Spans, within
from webapp.catalog.models import Consultant, Offering

Free = dict[date, int]

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Candidate:
    """A consultant in a seat of an offering. days: their share of a month; free: days left of it.

    offered: the calendar's starts as far as they were asked for, shared by all seats of a person.
    With the days, a start is theirs when the calendar offers it and every month it needs has room.
    """

    offering: Offering
    consultant: Consultant
    days: int
    free: Free
    calendar: Calendar
    offered: dict[tuple[datetime, datetime], list[datetime]] = field(default_factory=dict)
    known: dict[date, bool] = field(default_factory=dict)

    def starts(self, first: datetime, last: datetime) -> list[datetime]:
        """On their own grid, in [first, last)."""
        if (first, last) not in self.offered:
            self.offered[first, last] = self.calendar.slots(first, last, KICKOFF_MINUTES)
        offered = self.offered[first, last]
        if self.has_days_throughout(first, last):
            return offered
        return [at for at in offered if self.has_days(at)]

    def spans(self, first: datetime, last: datetime) -> Spans:
        """[start, end) in [first, last) in which they could join somebody else's grid."""
        open_spans = self.calendar.spans(first, last, KICKOFF_MINUTES)
        if self.has_days_throughout(first, last):
            return open_spans
        pieces = (piece for span in open_spans for piece in self._by_day(*span))
        return [piece for piece in pieces if self.has_days(piece[0])]

    @property
    def untaken(self) -> Candidate:
        """The same person with nothing taken, neither time nor days."""
        return Candidate(self.offering, self.consultant, 0, {}, self.calendar.untaken)

    @property
    def hopeful(self) -> bool:
        """Whether any month up to the horizon could be the first: most who cannot are sold out."""
        now, last = self.calendar.now, self.calendar.horizon
        if not self.offering.is_retainer:
            return max(self.free.values()) >= self.days
        months = (now + 28 * DAY * number for number in range(1 + (last - now) // (28 * DAY)))
        return any(self.has_days(at) for at in (*months, last))

    def has_days(self, at: datetime) -> bool:
        """Whether the months that a start at `at` needs have room; it depends on the local date."""
        on = at.astimezone(self._zone).date()
        if on not in self.known:
            self.known[on] = self.spare(at) >= 0
        return self.known[on]

    def has_days_throughout(self, first: datetime, last: datetime) -> bool:
        """Whether every month that any start in [first, last) needs has room."""
        zone, most = self.consultant.time_zone, self.consultant.days_per_month
        ends = (months_needed(self.offering, at, zone) for at in (first, last))
        months = months_between(next(ends)[0], next(ends)[-1])
        return all(self.free.get(month, most) >= self.days for month in months)

    def spare(self, at: datetime) -> int:
        """The days that stay free in the fullest month of an engagement that begins then."""
        months = months_needed(self.offering, at, self.consultant.time_zone)
        most = self.consultant.days_per_month
        return min(self.free.get(month, most) for month in months) - self.days

    def meetings_in_week(self, at: datetime) -> int:
        """In the calendar week of that instant, by their own clock."""
        week = at.astimezone(self._zone).isocalendar()[:2]
        met = (busy.start for busy in self.calendar.host.busy if busy.counts)
        return sum(start.astimezone(self._zone).isocalendar()[:2] == week for start in met)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.consultant.time_zone)

    def _by_day(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """A span cut where a local date ends."""
        while start < end:
            following = start.astimezone(self._zone).date() + DAY
            midnight = datetime.combine(following, time(), self._zone)
            stop = min(end, midnight.astimezone(start.tzinfo))
            yield start, stop
            start = stop


@dataclass(frozen=True)
class Bench:
    """solo: who fills the offering alone; leads and partners: who could share it, by role."""

    solo: Sequence[Candidate]
    leads: Sequence[Candidate] = ()
    partners: Sequence[Candidate] = ()

    @property
    def hopeful(self) -> Bench:
        """Without those who have no days left, so that no time is spent on their calendars."""
        groups = self.solo, self.leads, self.partners
        return Bench(*([one for one in group if one.hopeful] for group in groups))

    @property
    def untaken(self) -> Bench:
        groups = self.solo, self.leads, self.partners
        return Bench(*([one.untaken for one in group] for group in groups))

    def starts(self, first: datetime, last: datetime) -> list[datetime]:
        """Every start in [first, last) that anybody, or any two, could take."""
        found = {at for one in self.solo for at in one.starts(first, last)}
        found.update(at for starts in self.joint_starts(first, last).values() for at in starts)
        return sorted(found)

    def joint_starts(self, first: datetime, last: datetime) -> dict[uuid.UUID, list[datetime]]:
        """Each lead's starts in [first, last) at which some other partner is free, by lead.

        The partners' spans are laid over each other once, so that this is linear in their number
        rather than in that of pairs.
        """
        spans = {one.consultant.id: one.spans(first, last) for one in self.partners}
        cover = Cover.of(spans.values())
        found = {}
        for lead in self.leads:
            starts = lead.starts(first, last)
            own = set(within(starts, spans.get(lead.consultant.id, ())))
            found[lead.consultant.id] = [at for at in starts if cover.count(at) > (at in own)]
        return found


@dataclass(frozen=True)
class Cover:
    """How many spans lie over each instant: from `turns[n]` on, `counts[n]` of them."""

    turns: Sequence[datetime]
    counts: Sequence[int]

    @classmethod
    def of(cls, spans: Iterable[Spans]) -> Cover:
        change: dict[datetime, int] = {}
        for start, end in (span for each in spans for span in each):
            change[start] = change.get(start, 0) + 1
            change[end] = change.get(end, 0) - 1
        turns, counts, count = sorted(change), [], 0
        for turn in turns:
            count += change[turn]
            counts.append(count)
        return cls(turns, counts)

    def count(self, at: datetime) -> int:
        position = bisect_right(self.turns, at)
        return self.counts[position - 1] if position else 0


def lies_in(at: datetime, spans: Spans) -> bool:
    return bool(within([at], spans))


def together(team: Sequence[Candidate], first: datetime, last: datetime) -> list[datetime]:
    """The first one's starts in [first, last) at which all of the team are free."""
    lead, *others = team
    starts = lead.starts(first, last)
    for other in others:
        if starts:
            starts = within(starts, other.spans(starts[0], starts[-1] + MINUTE))
    return starts
