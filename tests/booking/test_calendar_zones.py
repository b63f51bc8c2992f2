"""VTIMEZONE, read back by another library than the one that wrote it."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.depth import depth
from webapp.booking.files import calendar_zones

ZONES = sorted(name for name in available_timezones() if "/" in name)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1)).map(
    lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
)


def text_of(name: str, *instants: datetime) -> str:
    return str(calendar_zones.written(name, instants).to_ical().decode())


def agrees(name: str, instants: list[datetime]) -> None:
    read = tzical(io.StringIO(text_of(name, *instants))).get()
    assert read is not None
    for at in instants:
        local = at.astimezone(ZoneInfo(name))
        if not local.fold:  # its second coming has no name in wall time
            assert read.utcoffset(local.replace(tzinfo=None)) == local.utcoffset(), (name, at)


@settings(max_examples=depth(2_000, 120), deadline=None)
@given(st.sampled_from(ZONES), st.lists(INSTANTS, min_size=1, max_size=4))
def test_any_zone_reads_back_with_its_own_offsets(name: str, instants: list[datetime]) -> None:
    agrees(name, instants)


def test_a_feed_across_irregular_changes() -> None:
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    for name in ("Africa/Casablanca", "Asia/Gaza", "America/Santiago", "Australia/Lord_Howe"):
        agrees(name, [start + timedelta(days=7 * week) for week in range(100)])


def test_outlook_gets_one_change_each_way_and_the_rule_for_it() -> None:
    text = text_of("America/New_York", datetime(2026, 12, 3, 15, tzinfo=UTC))
    assert text.count("BEGIN:STANDARD") == text.count("BEGIN:DAYLIGHT") == 1
    assert "BYDAY=2SU;BYMONTH=3" in text and "BYDAY=1SU;BYMONTH=11" in text
    assert "RDATE" not in text


@pytest.mark.parametrize("name", ["Asia/Kolkata", "Africa/Johannesburg"])
def test_a_zone_without_changes_has_none(name: str) -> None:
    text = text_of(name, datetime(2026, 12, 3, 15, tzinfo=UTC))
    assert text.count("BEGIN:STANDARD") == 1 and "DAYLIGHT" not in text and "RRULE" not in text


def test_only_the_changes_that_are_needed() -> None:
    """One meeting in a zone that follows no yearly rule needs the one offset it takes place in."""
    text = text_of("Africa/Casablanca", datetime(2026, 12, 3, 15, tzinfo=UTC))
    assert text.count("TZOFFSETTO") == 1 and "TZOFFSETTO:+0100" in text
