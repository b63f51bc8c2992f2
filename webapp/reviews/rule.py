"""The rule for a monthly review: which day of each month, and at what local time.

A date is found in this order: the rule's own day, clamped to the month; then moved off weekends
and holidays to the next business day, or to the previous one where the next is in another month
(the "modified following" convention); then, with the local time, an instant in UTC. So every
month has exactly one date, and it lies in that month. RFC 5545 would skip a month without a 31st.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Self
from zoneinfo import ZoneInfo

from webapp.booking.days import NO_HOLIDAYS, Holidays, is_business_day
from webapp.booking.slots import check_zone

LAST = -1
MOST_BUSINESS_DAYS = 23
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class DayOfMonth:
    """The 1st to 31st; the last day where the month is shorter."""

    day: int

    def __post_init__(self) -> None:
        _require(1 <= self.day <= 31, "day", "must be between 1 and 31")

    def among(self, days: list[date], holidays: Holidays) -> date:
        return days[min(self.day, len(days)) - 1]

    def as_dict(self) -> dict[str, Any]:
        return {"kind": "day_of_month", "day": self.day}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(_whole(stored, "day"))


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """The 1st to 4th, or LAST, of a weekday; Monday is 0 as in `date.weekday()`."""

    nth: int
    weekday: int

    def __post_init__(self) -> None:
        _require(self.nth == LAST or 1 <= self.nth <= 4, "nth", "must be 1 to 4 or last")
        _require(0 <= self.weekday <= 6, "weekday", "must be a day of the week")

    def among(self, days: list[date], holidays: Holidays) -> date:
        return _pick(self.nth, [day for day in days if day.weekday() == self.weekday])

    def as_dict(self) -> dict[str, Any]:
        weekday = WEEKDAYS[self.weekday]
        return {"kind": "nth_weekday", "nth": _spelled(self.nth), "weekday": weekday}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        named = stored.get("weekday")
        _require(named in WEEKDAYS, "weekday", "must be monday to sunday")
        return cls(_nth(stored), WEEKDAYS.index(str(named)))


@dataclass(frozen=True, slots=True)
class NthBusinessDay:
    """The nth business day, counted from the first of the month, or LAST.

    The last one where the month has fewer.
    """

    nth: int

    def __post_init__(self) -> None:
        counts = self.nth == LAST or 1 <= self.nth <= MOST_BUSINESS_DAYS
        _require(counts, "nth", f"must be 1 to {MOST_BUSINESS_DAYS} or last")

    def among(self, days: list[date], holidays: Holidays) -> date:
        return _pick(self.nth, [day for day in days if is_business_day(day, holidays)])

    def as_dict(self) -> dict[str, Any]:
        return {"kind": "nth_business_day", "nth": _spelled(self.nth)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(_nth(stored))


MonthDay = DayOfMonth | NthWeekday | NthBusinessDay

_KINDS: dict[str, type[DayOfMonth] | type[NthWeekday] | type[NthBusinessDay]] = {
    "day_of_month": DayOfMonth,
    "nth_weekday": NthWeekday,
    "nth_business_day": NthBusinessDay,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A day of each month at a local time, in whole minutes, of an IANA zone."""

    on: MonthDay
    at: time
    time_zone: str

    def __post_init__(self) -> None:
        whole_minute = self.at == time(self.at.hour, self.at.minute)
        _require(whole_minute and self.at.tzinfo is None, "at", "must be a local time, HH:MM")
        _check_zone(self.time_zone)

    def date_in(self, year: int, month: int, holidays: Holidays = NO_HOLIDAYS) -> date:
        """The date in one month, always within it; see `date_of`."""
        return date_of(self.on, year, month, holidays)

    def instant(self, day: date) -> datetime:
        """The local time on that date, in UTC.

        A time that the clocks skip is taken as far after the change as it would have been with
        the old offset; of one that comes twice, the first. (RFC 5545 section 3.3.5 reads local
        times the same way, and so does `fold=0` in PEP 495.)
        """
        return datetime.combine(day, self.at, ZoneInfo(self.time_zone)).astimezone(UTC)

    def months(self, first: date, count: int, holidays: Holidays = NO_HOLIDAYS) -> list[date]:
        """Dates in `count` months from the month of `first`, each found from the rule afresh."""
        return [
            self.date_in(*_month_after(first, number), holidays=holidays) for number in range(count)
        ]

    def as_dict(self) -> dict[str, Any]:
        """For a JSON column; `from_dict` reads it back."""
        return {**self.on.as_dict(), "at": f"{self.at:%H:%M}", "time_zone": self.time_zone}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Raises ValueError, which begins with the name of the field, for what is not a rule."""
        return cls(_on(stored), _time(stored), _text(stored, "time_zone"))


def date_of(on: MonthDay, year: int, month: int, holidays: Holidays = NO_HOLIDAYS) -> date:
    """The date in one month of a rule's day, moved off weekends and holidays.

    A month that is all holidays is dated as if it had none: the review is not dropped.
    """
    days = days_of(year, month)
    if not any(is_business_day(day, holidays) for day in days):
        holidays = NO_HOLIDAYS
    return _moved_to_business_day(on.among(days, holidays), days, holidays)


def day_in(stored: Mapping[str, Any], year: int, month: int, holidays: Holidays) -> date:
    """`date_of` for a stored rule, of which it needs neither the time nor the zone."""
    return date_of(_on(stored), year, month, holidays)


def _on(stored: Mapping[str, Any]) -> MonthDay:
    kind = stored.get("kind")
    _require(isinstance(kind, str) and kind in _KINDS, "kind", f"unknown kind {kind!r}")
    return _KINDS[str(kind)].from_dict(stored)


def days_of(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def _moved_to_business_day(day: date, days: list[date], holidays: Holidays) -> date:
    """`day` itself, else the next business day of the month, else the previous one."""
    business = [one for one in days if is_business_day(one, holidays)]
    return next((one for one in business if one >= day), business[-1])


def _month_after(first: date, number: int) -> tuple[int, int]:
    years, month = divmod(first.month - 1 + number, 12)
    return first.year + years, month + 1


def _pick(nth: int, days: list[date]) -> date:
    return days[-1] if nth == LAST else days[min(nth, len(days)) - 1]


def _spelled(nth: int) -> int | str:
    return "last" if nth == LAST else nth


def _nth(stored: Mapping[str, Any]) -> int:
    if stored.get("nth") == "last":
        return LAST
    nth = _whole(stored, "nth")
    _require(nth > 0, "nth", "must be 1 or more, or last")
    return nth


def _whole(stored: Mapping[str, Any], field: str) -> int:
    value = stored.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{field}: must be a whole number")
    return value


def _text(stored: Mapping[str, Any], field: str) -> str:
    value = stored.get(field)
    if not isinstance(value, str):
        raise ValueError(f"{field}: must be a string")
    return value


def _time(stored: Mapping[str, Any]) -> time:
    text = _text(stored, "at")
    try:
        found = time.fromisoformat(text)
    except ValueError as error:
        raise ValueError("at: must be a local time, HH:MM") from error
    _require(f"{found:%H:%M}" == text, "at", "must be a local time, HH:MM")
    return found


def _check_zone(time_zone: str) -> None:
    try:
        check_zone(time_zone)
    except ValueError as error:
        raise ValueError(f"time_zone: {error}") from error


def _require(condition: bool, field: str, reason: str) -> None:
    if not condition:
        raise ValueError(f"{field}: {reason}")
