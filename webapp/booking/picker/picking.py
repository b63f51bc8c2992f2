"""Open times as a month to choose from, in the reader's zone; and what an address asks for."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, get_day_names
from flask import request
from flask_login import current_user

from webapp import clock
from webapp.booking.picker.day_times import DayTimes, by_date, count, days_of, full_label, value_of
from webapp.booking.picker.zones import ClockChange, clock_changes
from webapp.web import firm_zone
from webapp.zone_field import Group, menu

__all__ = ["Month", "asked", "by_date", "day", "day_label", "days_of", "instant", "value_of"]

DAY = timedelta(days=1)
MONDAY = 0
YEARS = range(2000, 2100)


@dataclass(frozen=True)
class Cell:
    """A day of the grid; times: how many are open; today, chosen: what it is besides."""

    on: date
    times: int
    today: bool
    chosen: bool

    @property
    def label(self) -> str:
        """'Thursday 3 December, today: 8 times'."""
        return f"{full_label(self.on)}{', today' if self.today else ''}: {count(self.times)}"


@dataclass(frozen=True)
class Month:
    """A local month, one day of which is shown with its open times, if it has any.

    days: every open day, of this month and of the others, in order, with its instants. chosen:
    the time already picked. likely: zones that this reader may want besides their own.
    """

    zone: str
    days: Mapping[date, Sequence[datetime]]
    shown: date
    today: date
    chosen: datetime | None = None
    likely: Sequence[str] = ()
    first_weekday: int = MONDAY

    @property
    def title(self) -> str:
        return month_label(self.shown)

    @property
    def weekdays(self) -> list[tuple[str, str]]:
        """('Mon', 'Monday'), … from the reader's first day of the week on."""
        short, full = (get_day_names(width, locale="en") for width in ("abbreviated", "wide"))
        order = Calendar(self.first_weekday).iterweekdays()
        return [(short[number], full[number]) for number in order]

    @property
    def weeks(self) -> list[list[Cell | None]]:
        """None where a week reaches into a neighbouring month."""
        weeks = Calendar(self.first_weekday).monthdatescalendar(self.shown.year, self.shown.month)
        return [[self._cell(on) if self._inside(on) else None for on in week] for week in weeks]

    @cached_property
    def day(self) -> DayTimes:
        """The day shown."""
        return DayTimes(self.shown, self.zone, self.days.get(self.shown, ()))

    @property
    def clock_changes(self) -> list[ClockChange]:
        """Those still to come in this month, in the reader's zone."""
        return clock_changes(self.zone, max(self._first, self.today), self._last)

    @property
    def zones(self) -> list[Group]:
        """What may be chosen instead, with the offsets of the day shown."""
        return menu(self.zone, self.shown, self.likely)

    # -- the way on ----------------------------------------------------------------------------

    @property
    def earlier(self) -> date | None:
        """The first open day of the nearest month before this one in which anything is open."""
        before = [on for on in self.days if on < self._first]
        return next(on for on in before if _same_month(on, before[-1])) if before else None

    @property
    def later(self) -> date | None:
        return next((on for on in self.days if on > self._last), None)

    @property
    def next_free(self) -> date | None:
        """Where nothing is open on the day shown: the first day after it that has times."""
        after = (on for on in self.days if on > self.shown)
        return next(after, None) if not self.day.starts else None

    @property
    def last_free(self) -> date | None:
        """Where nothing is open from the day shown on: the last day that has times."""
        lost = not self.day.starts and not self.next_free
        return next(reversed(list(self.days)), None) if lost else None

    @property
    def closed(self) -> str:
        """Why no time is listed: the day, the whole month, or a month too far ahead."""
        if any(self._inside(on) for on in self.days):
            return f"Nothing is open on {full_label(self.shown)}."
        if self.later or self.shown < self.today:
            return f"Nothing is open in {self.title}."
        return f"Nothing can be booked in {self.title} yet."

    @property
    def said(self) -> str:
        """What a change of the day comes to, for those who do not see it."""
        return self.day.said if self.day.starts else self.closed

    @property
    def _first(self) -> date:
        return self.shown.replace(day=1)

    @property
    def _last(self) -> date:
        return (self._first + 31 * DAY).replace(day=1) - DAY

    def _inside(self, on: date) -> bool:
        return _same_month(on, self.shown)

    def _cell(self, on: date) -> Cell:
        return Cell(on, len(self.days.get(on, ())), on == self.today, on == self.shown)


def _same_month(one: date, other: date) -> bool:
    return (one.year, one.month) == (other.year, other.month)


# -- what an address asks for ----------------------------------------------------------------------


def asked(
    open_times: Sequence[datetime],
    zone: str,
    chosen: datetime | None = None,
    around: date | None = None,
    likely: Sequence[str] = (),
    name: str = "slot",
) -> Month:
    """The month that the address asks for, else the one around a date, else the first open.

    ?day= names a day; a time that is sent along under the field's name, as when another zone is
    chosen, brings the day on which it then falls.
    """
    days = by_date(open_times, zone)
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    sent = instant(request.args.get(name, ""))
    wanted = _day_of(days, sent) or day(request.args.get("day")) or _day_of(days, chosen)
    shown = wanted or _open_near(days, around or today) or today
    picked = next((at for at in (sent, chosen) if _day_of(days, at)), None)
    meant = [*_own_zones(), *likely, firm_zone()]
    return Month(zone, days, shown, today, picked, meant, first_weekday())


def _own_zones() -> list[str]:
    """What this reader's browser told, and what their account says."""
    told = [request.cookies.get("tz", "")]
    return told + ([current_user.time_zone] if current_user.is_authenticated else [])


def _day_of(days: Mapping[date, Sequence[datetime]], start: datetime | None) -> date | None:
    """On which of the open days a time is; None for one that is not on offer."""
    return next((on for on, starts in days.items() if start in starts), None)


def _open_near(days: Mapping[date, Sequence[datetime]], around: date) -> date | None:
    """The first open day from that date on, else the last before it."""
    return next((on for on in days if on >= around), next(reversed(list(days)), None))


def first_weekday() -> int:
    """The reader's, by the country of their language, 0 for Monday; Monday where nobody says."""
    tags = (tag.rpartition("-")[2] for tag in request.accept_languages.values() if "-" in tag)
    return week_begins(next(tags, ""))


@lru_cache(maxsize=256)
def week_begins(country: str) -> int:
    """The first weekday in a country named by its two letters."""
    try:
        return int(Locale.parse(f"und_{country}").first_week_day)
    except (ValueError, UnknownLocaleError):
        return MONDAY


def instant(text: str) -> datetime | None:
    """The instant that a form sent; None for anything else, and for a time without a zone."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def day(text: str | None) -> date | None:
    """The date that an address names; None for anything else."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.year in YEARS else None


def day_label(on: date) -> str:
    """'Thu 3 December'."""
    return str(format_date(on, "EEE d MMMM", locale="en"))


def month_label(on: date) -> str:
    """'December 2026'."""
    return str(format_date(on, "MMMM y", locale="en"))
