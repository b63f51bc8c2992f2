"""A consultant's calendar a week at a time, as hours, absences, travel and bookings come out."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import or_, select

from webapp import clock
from webapp.booking.days import holiday_names
from webapp.booking.hours.windows import shown
from webapp.booking.models import (
    KICKOFF_MINUTES,
    Absence,
    Booking,
    Claim,
    DateOverride,
    Travel,
)
from webapp.booking.models.claim import Span
from webapp.booking.models.open_times import Calendar, calendars
from webapp.booking.outside.queries import taken_elsewhere
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.web import format_time, zone_label, zone_offset, zone_place

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
# No calendar is planned further ahead, and no page leads further.
FARTHEST = timedelta(days=730)
LOOKED_AHEAD = timedelta(weeks=8)


@dataclass(frozen=True)
class Entry:
    """Something in a day: between: '10:00 – 11:00'. outside: the consultant is not at work then."""

    between: str
    text: str
    booking_id: uuid.UUID | None = None
    outside: bool = False


@dataclass(frozen=True)
class Day:
    """notes: (text, tone) of what makes the day unlike others. starts: how many are on offer."""

    on: date
    name: str
    is_today: bool
    is_past: bool
    beyond: bool
    hours: list[str]
    notes: list[tuple[str, str]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    starts: int = 0


@dataclass(frozen=True)
class Week:
    """Monday to Sunday; previous and following are the Mondays beside it, where there is one.

    zone: whose clock its times are read on.
    """

    zone: str
    first: date
    days: list[Day]
    previous: date | None
    following: date | None

    @property
    def zone_label(self) -> str:
        """'New York, UTC−5'; both offsets in a week in which the clocks change."""
        begins, ends = (
            zone_offset(self.zone, datetime.combine(on, time(12), ZoneInfo(self.zone)))
            for on in (self.first, self.first + 6 * DAY)
        )
        offsets = begins if begins == ends else f"{begins}, then {ends}"
        return f"{zone_place(self.zone)}, {offsets}"

    @property
    def title(self) -> str:
        """'30 November – 6 December'."""
        last = self.first + 6 * DAY
        pattern = "d MMMM" if last.year == self.first.year else "d MMMM y"
        return f"{_written(self.first, pattern)} – {_written(last, 'd MMMM y')}"


def week_of(consultant: Consultant, wanted: date | None, own: bool = False) -> Week:
    """The week of a date of the consultant's own calendar, or the first with anything ahead.

    own: the consultant looks at it, and reads which calendar elsewhere takes their time.
    """
    today = clock.now().astimezone(ZoneInfo(consultant.time_zone)).date()
    this = _monday(today)
    first = min(max(_monday(wanted or today), this), _monday(today + FARTHEST))
    days = list(_days(consultant, first, today, own))
    if wanted is None and not any(day.starts or day.entries for day in days if not day.is_past):
        first = _monday(_next_open(consultant) or today)
        days = list(_days(consultant, first, today, own))
    return Week(
        zone=consultant.time_zone,
        first=first,
        days=days,
        previous=first - WEEK if first > this else None,
        following=first + WEEK if first < _monday(today + FARTHEST) else None,
    )


def _next_open(consultant: Consultant) -> date | None:
    """The date of the first start on offer in the weeks ahead."""
    now = clock.now()
    ahead = calendars([consultant.id], now, now + LOOKED_AHEAD)[consultant.id]
    start = ahead.next_slot(now, KICKOFF_MINUTES)
    return _date(start, consultant.time_zone) if start else None


def _days(consultant: Consultant, first: date, today: date, own: bool) -> Iterator[Day]:
    begins, ends = _midnight(first) - DAY, _midnight(first + WEEK) + DAY
    calendar = calendars([consultant.id], begins, ends)[consultant.id]
    starts, entries = (
        calendar.slots(begins, ends, KICKOFF_MINUTES),
        _entries(consultant, calendar, begins, ends, own),
    )
    notes = _Notes.read(consultant, first)
    for on in (first + DAY * number for number in range(7)):
        zone = notes.zone_of(on)
        yield Day(
            on=on,
            name=_written(on, "EEEE"),
            is_today=on == today,
            is_past=on < today,
            beyond=datetime.combine(on, time(), ZoneInfo(zone)) >= calendar.horizon,
            hours=_hours(calendar, on),
            notes=notes.of(on),
            entries=[_entry(row, zone) for row in entries if _date(row.starts_at, zone) == on],
            starts=Counter(_date(start, zone) for start in starts)[on],
        )


def _hours(calendar: Calendar, on: date) -> list[str]:
    """What the search itself goes by: '09:00 – 12:30' for each window that starts on the date."""
    overrides = calendar.host.override_extents()
    weekly = calendar.host.weekly_extents()[on.isoweekday() % 7]
    return [shown(*extent) for extent in sorted(overrides.get(on, weekly))]


# -- what is in the days ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Taken:
    starts_at: datetime
    ends_at: datetime
    text: str
    booking_id: uuid.UUID | None
    outside: bool


def _entries(
    consultant: Consultant, calendar: Calendar, begins: datetime, ends: datetime, own: bool
) -> list[_Taken]:
    """Meetings and held times, and what the consultant's other calendars say is taken."""
    rows = session.execute(_claims(consultant, begins, ends)).all()
    claimed = [
        _claimed(Span(starts, stops), booking, consultant, calendar)
        for starts, stops, booking in rows
    ]
    elsewhere = [
        _Taken(*day, f"Busy: {name}" if own else "Busy elsewhere", None, False)
        for name, starts, stops in taken_elsewhere(consultant, begins, ends)
        for day in _by_day(max(starts, begins), min(stops, ends), ZoneInfo(consultant.time_zone))
    ]
    return sorted([*claimed, *elsewhere], key=lambda row: row.starts_at)


def _by_day(
    starts: datetime, stops: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """A span cut at the zone's midnights: what takes days is seen on each of them."""
    while starts < stops:
        midnight = datetime.combine(starts.astimezone(zone).date() + DAY, time(), zone)
        end = min(stops, midnight.astimezone(UTC))
        yield starts, end
        starts = end


def _claims(consultant: Consultant, begins: datetime, ends: datetime) -> Any:
    now = clock.now()
    return (
        select(Claim.starts_at, Claim.ends_at, Booking)
        .outerjoin(Booking, Booking.id == Claim.booking_id)
        .where(Claim.consultant_id == consultant.id, Claim.active)
        .where(Claim.starts_at < ends, Claim.ends_at > begins)
        .where(or_(Claim.expires_at.is_(None), Claim.expires_at > now))
    )


def _claimed(
    span: Span, booking: Booking | None, consultant: Consultant, calendar: Calendar
) -> _Taken:
    text = booking.title_for(consultant.person) if booking else "Somebody is booking this"
    ahead = span.starts_at > calendar.now
    outside = ahead and not calendar.untaken.free(span.starts_at, span.minutes)
    return _Taken(span.starts_at, span.ends_at, text, booking.id if booking else None, outside)


def _entry(row: _Taken, zone: str) -> Entry:
    from_, until = (format_time(instant, zone) for instant in (row.starts_at, row.ends_at))
    between = "All day" if from_ == until else f"{from_} – {until}"
    return Entry(between, row.text, row.booking_id, row.outside)


# -- what is said of the days ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Notes:
    """Why a day is unlike others of its weekday."""

    consultant: Consultant
    absences: list[Absence]
    travel: list[Travel]
    overrides: dict[date, DateOverride]

    @classmethod
    def read(cls, consultant: Consultant, first: date) -> _Notes:
        last = first + 6 * DAY
        dates = select(DateOverride).where(
            DateOverride.consultant_id == consultant.id, DateOverride.on.between(first, last)
        )
        return cls(
            consultant,
            list(session.scalars(_touching(Absence, consultant, first, last))),
            list(session.scalars(_touching(Travel, consultant, first, last))),
            {row.on: row for row in session.scalars(dates)},
        )

    def zone_of(self, on: date) -> str:
        stay = next((row for row in self.travel if row.first <= on <= row.last), None)
        return stay.time_zone if stay else self.consultant.time_zone

    def of(self, on: date) -> list[tuple[str, str]]:
        return [*self._absent(on), *self._set(on), *self._away(on)]

    def _absent(self, on: date) -> Iterator[tuple[str, str]]:
        for row in self.absences:
            if row.first <= on <= row.last:
                yield f"Out of office{': ' + row.note if row.note else ''}", "warn"

    def _set(self, on: date) -> Iterator[tuple[str, str]]:
        """Hours set for the date itself, or else its holiday."""
        row, holiday = self.overrides.get(on), _holiday(self.consultant.country, on)
        if row:
            yield row.note or "Other hours on this date", "info"
        elif holiday:
            yield holiday, "neutral"

    def _away(self, on: date) -> Iterator[tuple[str, str]]:
        zone = self.zone_of(on)
        if zone != self.consultant.time_zone:
            yield f"In {zone_label(zone, _midnight(on))}", "info"


def _touching(noun: Any, consultant: Consultant, first: date, last: date) -> Any:
    rows = select(noun).where(noun.consultant_id == consultant.id)
    return rows.where(noun.first <= last, noun.last >= first).order_by(noun.first)


def _holiday(country: str, on: date) -> str:
    try:
        return holiday_names(country, on.year).get(on, "")
    except ValueError:
        return ""


def _monday(on: date) -> date:
    return on - DAY * on.weekday()


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), UTC)


def _date(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _written(on: date, pattern: str) -> str:
    return str(format_date(on, pattern, locale="en"))
