"""A zone's stretches of constant offset, against another library's reading of the same zones."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.depth import depth
from webapp.booking.slots.local_time import local_day, stretches

DAY = 86400
ZONES = sorted(name for name in available_timezones() if "/" in name)
RESTLESS = ["America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "Asia/Gaza"]
START = int(datetime(1905, 1, 1, tzinfo=UTC).timestamp())
END = int(datetime(2195, 1, 1, tzinfo=UTC).timestamp())


def offset_by_zoneinfo(zone: str, second: int) -> int:
    offset = datetime.fromtimestamp(second, ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


@pytest.mark.parametrize("zone", RESTLESS)
def test_every_fifth_day_of_a_lifetime_has_the_right_offset(zone: str) -> None:
    for start, end, offset in stretches(zone, 0, 80 * 365 * DAY):
        for second in (start, *range(start, end, 5 * DAY), end - 1):
            assert offset_by_zoneinfo(zone, second) == offset


@settings(max_examples=depth(2_000, 100), deadline=None)
@given(st.sampled_from(ZONES), st.integers(START, END), st.integers(1, 800 * DAY))
def test_stretches_cover_the_time_asked_for_and_have_the_right_offsets(
    zone: str, start: int, length: int
) -> None:
    found = stretches(zone, start, start + length)
    assert (found[0].start, found[-1].end) == (start, start + length)
    assert all(one.end == later.start for one, later in pairwise(found))
    for one in found:
        for second in (one.start, (one.start + one.end) // 2, one.end - 1):
            assert offset_by_zoneinfo(zone, second) == one.offset


def test_a_local_day_is_found_within_the_stretches_only() -> None:
    zone = stretches("Pacific/Auckland", 0, DAY)
    assert [local_day(zone, second) for second in (-1, 0, 12 * 3600, DAY)] == [None, 0, 1, None]
