"""Business days: neither Saturday or Sunday nor a holiday of those concerned."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice

import holidays as public

Holidays = AbstractSet[date] | Callable[[date], bool]

NO_HOLIDAYS: frozenset[date] = frozenset()

_DAY = timedelta(days=1)
# Nobody is on holiday for a year: a search this long means that the holidays are wrong.
_PATIENCE = 366


def is_business_day(day: date, holidays: Holidays = NO_HOLIDAYS) -> bool:
    """Whether people work that day. `holidays` is a set of dates or a test of one."""
    on_holiday = holidays(day) if callable(holidays) else day in holidays
    return day.weekday() < 5 and not on_holiday


def business_days_before(day: date, count: int, holidays: Holidays = NO_HOLIDAYS) -> date:
    """The business day `count` business days before `day`; 0 is the day itself, as it is.

    Raises ValueError for a negative count, or where a year has no business day.
    """
    return [day, *_business_days(day, -_DAY, count, holidays)][-1]


def next_business_days(day: date, count: int, holidays: Holidays = NO_HOLIDAYS) -> list[date]:
    """The first `count` business days after `day`, in order. Raises as business_days_before."""
    return _business_days(day, _DAY, count, holidays)


def holidays_in(*regions: str) -> Callable[[date], bool]:
    """A test for public holidays in any of these regions, ISO 3166: `"US"`, `"GB-SCT"`.

    Raises ValueError for a region whose holidays are not known.
    """
    for region in regions:
        public_holidays(region, 2000)
    return lambda day: any(day in public_holidays(region, day.year) for region in regions)


@lru_cache(maxsize=4096)
def public_holidays(region: str, year: int) -> frozenset[date]:
    """Public holidays of a country or subdivision, as observed, that fall within a year.

    Raises ValueError for a region whose holidays are not known.
    """
    return frozenset(holiday_names(region, year))


@lru_cache(maxsize=4096)
def holiday_names(region: str, year: int) -> Mapping[date, str]:
    """What each of them is called, in English where that is known. Raises as above."""
    country, _, subdivision = region.partition("-")
    try:
        found = public.country_holidays(
            country, subdiv=subdivision or None, years=year, expand=False, language="en_US"
        )
    except NotImplementedError as error:
        raise ValueError(f"no holidays are known for {region!r}") from error
    return {day: found[day] for day in found if day.year == year}


def holidays_between(region: str, first: date, last: date) -> frozenset[date]:
    """Public holidays from first to last, both included; none where they are not known."""
    try:
        years = [public_holidays(region, year) for year in range(first.year, last.year + 1)]
    except ValueError:
        return NO_HOLIDAYS
    return frozenset(day for found in years for day in found if first <= day <= last)


def _business_days(day: date, step: timedelta, count: int, holidays: Holidays) -> list[date]:
    if count < 0:
        raise ValueError("the count of business days must not be negative")
    return list(islice(_business_days_from(day, step, holidays), count))


def _business_days_from(day: date, step: timedelta, holidays: Holidays) -> Iterator[date]:
    idle = 0
    while idle < _PATIENCE:
        day, idle = day + step, idle + 1
        if is_business_day(day, holidays):
            yield day
            idle = 0
    raise ValueError("a whole year without a business day")
