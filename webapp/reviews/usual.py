"""At what local time a new series meets: by the client's day, the whole year round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp.booking.models import REVIEW_MINUTES
from webapp.booking.models.open_times import Calendar, calendars
from webapp.engagements.models import Engagement
from webapp.reviews.times import DAY, WAKING, consultant_ids

USUALLY_AT = time(10)
# One week in each half of the year: clocks are changed in between, here or there.
HALVES = ((1, 15), (7, 15))


def usual_time(engagement: Engagement) -> time:
    """The local time, in whole minutes, at which all its consultants work on most weekdays.

    Within the client's working day, the nearest to ten; else that of the kick-off, which the
    client chose; else within their waking hours. Where none suits: the kick-off's, at any hour.
    """
    zone = ZoneInfo(engagement.time_zone)
    kick_off = engagement.hold.starts_at.astimezone(zone).time()
    read = calendars(consultant_ids(engagement), engagement.hold.starts_at, engagement.hold.ends_at)
    usually = [_weekly_alone(calendar) for calendar in read.values()]
    days = _sampled(engagement.kick_off_on)

    def suits(at: time) -> int:
        starts = (datetime.combine(day, at, zone) for day in days)
        return sum(_all_work(usually, start) for start in starts)

    found = {at: suits(at) for at in [*_half_hours(), kick_off] if WAKING[0] <= at <= WAKING[1]}
    most = max(found.values())
    return _preferred([at for at in found if found[at] == most], kick_off) if most else kick_off


def _preferred(fitting: Sequence[time], kick_off: time) -> time:
    by_day = [at for at in fitting if DAY[0] <= at <= DAY[1]]
    if not by_day and kick_off in fitting:
        return kick_off
    return min(by_day or fitting, key=lambda at: abs(_minutes(at) - _minutes(USUALLY_AT)))


def _half_hours() -> list[time]:
    first, last = _minutes(WAKING[0]), _minutes(WAKING[1])
    return [time(*divmod(minute, 60)) for minute in range(first, last + 1, 30)]


def _sampled(after: date) -> list[date]:
    """The five weekdays from the middle of January and of July on, the next there are."""
    found = []
    for month, day in HALVES:
        middle = date(after.year, month, day)
        middle = middle if middle > after else middle.replace(year=after.year + 1)
        week = (middle + timedelta(days=number) for number in range(7))
        found += [on for on in week if on.weekday() < 5]
    return found


def _all_work(usually: Sequence[Calendar], at: datetime) -> bool:
    return bool(usually) and all(calendar.free(at, REVIEW_MINUTES) for calendar in usually)


def _weekly_alone(calendar: Calendar) -> Calendar:
    """Weekly hours alone: a day off or a meeting says nothing about the months to come."""
    return replace(calendar, host=replace(calendar.host, overrides=(), busy=(), travel=()))


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
