"""Business days, and the public holidays that make some of them free."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.booking.days import (
    business_days_before,
    holidays_in,
    is_business_day,
    next_business_days,
    public_holidays,
)

near_2027 = st.dates(date(2026, 12, 1), date(2027, 2, 1))
free_days = st.frozensets(near_2027, max_size=12)


@settings(deadline=None)
@given(near_2027, st.integers(0, 15), free_days)
def test_the_next_business_days_leave_none_out(
    day: date, count: int, free: frozenset[date]
) -> None:
    found = next_business_days(day, count, free)
    assert len(found) == count
    reached = found[-1] if found else day
    passed = [day + timedelta(days=k) for k in range(1, (reached - day).days + 1)]
    assert found == [one for one in passed if one.weekday() < 5 and one not in free]


@settings(deadline=None)
@given(near_2027, st.integers(1, 15), free_days)
def test_counting_back_is_counting_forward_reversed(
    day: date, count: int, free: frozenset[date]
) -> None:
    earlier = business_days_before(day, count, free)
    assert is_business_day(earlier, free) and earlier < day
    between = next_business_days(earlier, count, free)
    assert len([one for one in between if one < day]) == count - 1


def test_no_business_days_before_is_the_day_itself() -> None:
    sunday = date(2027, 6, 6)
    assert business_days_before(sunday, 0) == sunday
    assert business_days_before(sunday, 1) == date(2027, 6, 4)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        business_days_before(date(2027, 6, 6), -1)


def test_a_year_without_business_days_is_refused_rather_than_searched_for_ever() -> None:
    with pytest.raises(ValueError, match="whole year"):
        next_business_days(date(2027, 6, 6), 1, lambda day: True)


def test_holidays_are_those_of_the_country_and_its_part() -> None:
    st_andrews = date(2027, 11, 30)
    assert date(2027, 7, 5) in public_holidays("US", 2027)
    assert holidays_in("GB-SCT")(st_andrews) and not holidays_in("GB-ENG")(st_andrews)


def test_the_holidays_of_both_parties_count() -> None:
    both = holidays_in("US", "GB-ENG")
    thanksgiving, boxing_day = date(2027, 11, 25), date(2028, 12, 26)
    assert both(thanksgiving) and both(boxing_day)
    assert not both(date(2027, 11, 24))


def test_a_holiday_observed_in_the_year_before_is_found_there() -> None:
    assert holidays_in("US")(date(2027, 12, 31))


@pytest.mark.parametrize("region", ["", "XX", "us", "US-ZZ"])
def test_unknown_regions_are_refused(region: str) -> None:
    with pytest.raises(ValueError, match="no holidays are known"):
        holidays_in(region)
