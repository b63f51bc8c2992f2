"""Finding a time for a review: when its consultants work, and when they are free."""

from __future__ import annotations

import uuid
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp import clock
from webapp.booking.days import (
    holiday_names,
    holidays_in,
    is_business_day,
)
from webapp.booking.models.open_times import Calendar, calendars
from webapp.engagements.models import Engagement
from webapp.reviews.rule import Rule

# When a review may begin where the client is: in their working day, or at least while awake.
DAY = time(8), time(17)
WAKING = time(7), time(20)
# Somebody must read the invitation before the meeting begins.
SHORTEST_NOTICE = timedelta(hours=1)


def consultant_ids(engagement: Engagement) -> list[uuid.UUID]:
    return [row.consultant_id for row in engagement.assignments]


def countries_of(engagement: Engagement) -> list[str]:
    """Of either side, the client's first."""
    company = [engagement.company.country] if engagement.company else []
    return [*company, *(row.consultant.country for row in engagement.assignments)]


def holidays_of(engagement: Engagement) -> Callable[[date], bool]:
    """Public holidays of either side."""
    return holidays_among(countries_of(engagement))


def naming_among(countries: Iterable[str | None]) -> Callable[[date], str]:
    """What a date is in these countries: 'Thanksgiving Day (US)', or ''."""
    known = [country for country in dict.fromkeys(countries) if country and _known(country)]

    def name(day: date) -> str:
        names = ((country, holiday_names(country, day.year).get(day)) for country in known)
        return " and ".join(f"{called} ({country})" for country, called in names if called)

    return name


def holidays_among(countries: Iterable[str | None]) -> Callable[[date], bool]:
    """Of countries as people typed them; one that is unknown has none."""
    return holidays_in(*(country for country in countries if country and _known(country)))


def _known(country: str) -> bool:
    try:
        holidays_in(country)
    except ValueError:
        return False
    return True


def free_between(
    engagement: Engagement,
    rule: Rule,
    first: date,
    last: date,
    minutes: int,
) -> list[datetime]:
    """Starts in UTC at which all its consultants are free, on business days, in order."""
    holidays = holidays_of(engagement)
    days = [day for day in each_day(first, last) if is_business_day(day, holidays)]
    starts = [at for day in days for at in client_day(rule, day)]
    read = calendars(consultant_ids(engagement), rule.instant(first), rule.instant(last))
    earliest = clock.now() + SHORTEST_NOTICE
    return [at for at in starts if at >= earliest and _all_free(read.values(), at, minutes)]


def each_day(first: date, last: date) -> list[date]:
    """From first to last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def month_of(day: date) -> tuple[date, date]:
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def client_day(rule: Rule, day: date) -> Iterator[datetime]:
    """The rule's own time and each half hour from there, over the client's day, never at night.

    A rule early or late widens it, as far as people are awake.
    """
    minute = rule.at.hour * 60 + rule.at.minute
    first = max(WAKING[0], min(rule.at, DAY[0]))
    last = min(WAKING[1], max(rule.at, DAY[1]))
    for number in range(-48, 49):
        at = minute + 30 * number
        if 0 <= at < 24 * 60 and first <= (local := time(*divmod(at, 60))) <= last:
            yield Rule(rule.on, local, rule.time_zone).instant(day)


def _all_free(read: Iterable[Calendar], at: datetime, minutes: int) -> bool:
    each = [calendar.free(at, minutes) for calendar in read]
    return bool(each) and all(each)


def spread(starts: Sequence[datetime], zone: str) -> dict[date, list[datetime]]:
    """By the date they fall on in a zone, in order."""
    days: dict[date, list[datetime]] = {}
    for at in sorted(starts):
        days.setdefault(at.astimezone(ZoneInfo(zone)).date(), []).append(at)
    return days
