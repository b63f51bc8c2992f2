"""Finding a time for a review: when its consultants work, and when they are free."""

from __future__ import annotations

import uuid
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp import clock
from webapp.booking.days import (
    business_days_before,
    holiday_names,
    holidays_in,
    is_business_day,
    next_business_days,
)
from webapp.booking.models import REVIEW_MINUTES
from webapp.booking.models.open_times import Calendar, calendars
from webapp.booking.slots import Host
from webapp.engagements.models import Engagement
from webapp.reviews.rule import Rule

REACH_BUSINESS_DAYS = 3
STEP = timedelta(minutes=30)
# The client's day, unless their rule lies outside it.
EARLIEST, LATEST = time(8), time(17)
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


def usual_time(engagement: Engagement, rule: Rule, day: date) -> time:
    """The local time nearest to the rule's at which all its consultants usually work."""
    wanted = rule.instant(day)
    read = calendars(consultant_ids(engagement), wanted, wanted)
    usually = [_untaken(calendar) for calendar in read.values()]
    all_day = (wanted + STEP * number for number in range(-24, 25))
    local = (at.astimezone(ZoneInfo(rule.time_zone)) for at in all_day)
    fitting = [at for at in local if at.date() == day and _all_free(usually, at, REVIEW_MINUTES)]
    return min(fitting, key=lambda at: abs(at - wanted)).time() if fitting else rule.at


def free_near(
    engagement: Engagement,
    rule: Rule,
    day: date,
    minutes: int,
    besides_booking: uuid.UUID | None = None,
) -> list[datetime]:
    """Starts at which all its consultants are free, within three business days either way.

    The nearest date first, the later of two; on each, the nearest to the rule's own time. Never
    in another month: that one has a review of its own. What besides_booking takes is free.
    """
    holidays = holidays_of(engagement)
    before = business_days_before(day, REACH_BUSINESS_DAYS, holidays)
    after = next_business_days(day, REACH_BUSINESS_DAYS, holidays)[-1]
    first, last = max(before, _month_of(day)[0]), min(after, _month_of(day)[1])
    found = free_between(engagement, rule, first, last, minutes, besides_booking)

    def distance(at: datetime) -> tuple[timedelta, bool, timedelta]:
        on = at.astimezone(ZoneInfo(rule.time_zone)).date()
        return abs(on - day), on < day, abs(at - rule.instant(on))

    return sorted(found, key=distance)


def free_between(
    engagement: Engagement,
    rule: Rule,
    first: date,
    last: date,
    minutes: int,
    besides_booking: uuid.UUID | None = None,
) -> list[datetime]:
    """Starts in UTC at which all its consultants are free, on business days, in order."""
    holidays = holidays_of(engagement)
    days = [day for day in each_day(first, last) if is_business_day(day, holidays)]
    starts = [at for day in days for at in _client_day(rule, day)]
    read = calendars(
        consultant_ids(engagement), rule.instant(first), rule.instant(last),
        besides_booking=besides_booking,
    )  # fmt: skip
    earliest = clock.now() + SHORTEST_NOTICE
    return [at for at in starts if at >= earliest and _all_free(read.values(), at, minutes)]


def each_day(first: date, last: date) -> list[date]:
    """From first to last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _month_of(day: date) -> tuple[date, date]:
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def _client_day(rule: Rule, day: date) -> Iterator[datetime]:
    """The rule's own time and each half hour from there, over the client's day."""
    minute = rule.at.hour * 60 + rule.at.minute
    first, last = min(rule.at, EARLIEST), max(rule.at, LATEST)
    for number in range(-48, 49):
        at = minute + 30 * number
        if 0 <= at < 24 * 60 and first <= (local := time(*divmod(at, 60))) <= last:
            yield Rule(rule.on, local, rule.time_zone).instant(day)


def _all_free(read: Iterable[Calendar], at: datetime, minutes: int) -> bool:
    each = [calendar.free(at, minutes) for calendar in read]
    return bool(each) and all(each)


def _untaken(calendar: Calendar) -> Calendar:
    """Weekly hours alone: a day off or a meeting says nothing about the months to come."""
    host = Host(calendar.host.time_zone, calendar.host.weekly, (), ())
    return Calendar(calendar.rules, host, calendar.now)


def spread(starts: Sequence[datetime], zone: str) -> dict[date, list[datetime]]:
    """By the date they fall on in a zone, in order."""
    days: dict[date, list[datetime]] = {}
    for at in sorted(starts):
        days.setdefault(at.astimezone(ZoneInfo(zone)).date(), []).append(at)
    return days
