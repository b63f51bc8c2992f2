"""Slots: written cases, and what is expected of them in particulars."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.booking.given import named, run, solved
from tests.booking.oracle import CASES, oracle_slots
from webapp.booking.slots import (
    Busy,
    Event,
    Host,
    Override,
    Travel,
    Weekly,
    Window,
    next_slot,
    offers,
    slots,
)

EVERY_DAY = frozenset(range(7))
JUNE_7 = datetime(2027, 6, 7, tzinfo=UTC)
JUNE_8 = JUNE_7 + timedelta(days=1)
WEEK = timedelta(weeks=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def clocks(found: list[str], day: str) -> list[str]:
    """The UTC clock times of one UTC date, as HH:MM."""
    return [text[11:16] for text in found if text.startswith(day)]


def open_daily(start: int, end: int, zone: str = "UTC", busy: tuple[Busy, ...] = ()) -> Host:
    return Host(zone, (Weekly(EVERY_DAY, Window(start * 60, end * 60)),), busy=busy)


# --- written cases


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.json")))
def test_b01_given_cases_give_their_answers(name: str) -> None:
    written = named(name)
    assert written["slots"]
    assert solved(written["case"]) == written["slots"]
    assert oracle_slots(written["case"]) == written["slots"]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/St_Johns", "EST5EDT"])
def test_b02_the_servers_zone_changes_nothing(zone: str) -> None:
    for name in ("spring-night", "autumn-night", "day-limit", "week-limit", "travel"):
        written = named(name)
        done = run(json.dumps(written["case"]).encode(), zone)
        assert (done.returncode, done.stderr) == (0, b"")
        assert json.loads(done.stdout) == {"slots": written["slots"]}


def test_b03_a_spring_night_00_to_06_ends_at_06() -> None:
    found = solved(named("spring-night")["case"])
    # Paris is at +1 until 01:00 UTC on the 28th, then at +2: 06:00 is 04:00 UTC.
    night = [text for text in found if "2027-03-27T12" <= text < "2027-03-28T12"]
    assert night[0] == "2027-03-27T23:00:00Z" and night[-1] == "2027-03-28T03:30:00Z"
    assert len(night) == 10


def test_b04_an_autumn_night_keeps_its_last_hour() -> None:
    found = solved(named("autumn-night")["case"])
    # Toronto is open 04:00 to 10:00 UTC that night: six hours between 00:00 and 05:00.
    assert clocks(found, "2027-11-07") == ["04:00", "05:00", "06:00", "07:00", "08:00", "09:00"]


def test_b05_the_invitees_zone_changes_nothing() -> None:
    case = named("spring-week")["case"]
    here = {**case, "invitee_time_zone": "Pacific/Chatham"}
    there = {**case, "invitee_time_zone": "America/Nuuk"}
    assert solved(here) == solved(there) == solved(case)


def test_b06_touching_bookings_are_allowed_and_a_minute_of_overlap_is_not() -> None:
    event = Event(duration=30, step=30)

    def offered(start: int, end: int) -> bool:
        taken = Busy(JUNE_7 + timedelta(minutes=start), JUNE_7 + timedelta(minutes=end))
        ten = JUNE_7 + timedelta(hours=10)
        return offers(event, [open_daily(9, 17, busy=(taken,))], LONG_AGO, "single", ten)

    assert offered(570, 600) and offered(630, 660)
    assert not offered(570, 601) and not offered(629, 660)


@pytest.mark.parametrize(("gap", "accepted"), [(19, False), (20, True)])
def test_b07_buffers_of_10_and_10_need_a_gap_of_20(gap: int, accepted: bool) -> None:
    event = Event(duration=30, step=1, buffer_before=10, buffer_after=10)
    ends = JUNE_7 + timedelta(hours=12)
    before = Busy(ends - timedelta(hours=1), ends, buffer_before=10, buffer_after=10)
    host = [open_daily(9, 17, busy=(before,))]
    after_it = ends + timedelta(minutes=gap)
    ahead_of_it = before.start - timedelta(minutes=gap + 30)
    assert offers(event, host, LONG_AGO, "single", after_it) is accepted
    assert offers(event, host, LONG_AGO, "single", ahead_of_it) is accepted


def test_b08_four_hours_notice_refuses_a_start_in_3_h_59() -> None:
    event = Event(duration=30, step=1, min_notice=240)
    host, now = [open_daily(9, 17)], JUNE_7 + timedelta(hours=8)
    assert not offers(event, host, now, "single", now + timedelta(hours=3, minutes=59))
    assert offers(event, host, now, "single", now + timedelta(hours=4))
    assert not offers(event, host, now + timedelta(seconds=1), "single", now + timedelta(hours=4))


@pytest.mark.parametrize(
    "crafted",
    [
        JUNE_7 + timedelta(hours=8, minutes=30),
        JUNE_7 + timedelta(hours=17),
        JUNE_7 + timedelta(hours=16, minutes=45),
        JUNE_7 + timedelta(hours=10, minutes=15),
        JUNE_7 + timedelta(hours=10, seconds=1),
        JUNE_7 + timedelta(hours=10, microseconds=1),
    ],
)
def test_b09_a_crafted_time_is_not_offered(crafted: datetime) -> None:
    event, host = Event(duration=30, step=30), [open_daily(9, 17)]
    assert offers(event, host, LONG_AGO, "single", JUNE_7 + timedelta(hours=10))
    assert not offers(event, host, LONG_AGO, "single", crafted)


# --- particulars


def test_a_week_with_as_many_meetings_as_it_may_have_offers_nothing_until_monday() -> None:
    tuesday = Busy(JUNE_8, JUNE_8 + timedelta(hours=1), counts=True)
    host = [open_daily(9, 10, busy=(tuesday,))]
    found = slots(Event(60, 60, per_week=1), host, JUNE_7, JUNE_7 + WEEK, LONG_AGO, "single")
    assert found == []  # 7 June 2027 is a Monday
    [first] = slots(
        Event(60, 60, per_week=1), host, JUNE_7 + WEEK, JUNE_8 + WEEK, LONG_AGO, "single"
    )
    assert first == JUNE_7 + WEEK + timedelta(hours=9)


@pytest.mark.parametrize(("counted", "asked"), [(0, 6), (6, 0)])
def test_a_full_week_is_full_at_its_other_end_too(counted: int, asked: int) -> None:
    taken = JUNE_7 + timedelta(days=counted, hours=12)
    host = [open_daily(9, 17, busy=(Busy(taken, taken, counts=True),))]
    first = JUNE_7 + timedelta(days=asked)
    window = first, first + timedelta(days=1)
    assert slots(Event(60, 60, per_week=1), host, *window, LONG_AGO, "single") == []
    assert slots(Event(60, 60, per_week=2), host, *window, LONG_AGO, "single")


def test_a_traveller_keeps_their_hours_by_the_clock_where_they_are() -> None:
    away = Travel(date(2027, 6, 8), date(2027, 6, 8), "Asia/Tokyo")
    host = Host("UTC", open_daily(9, 10).weekly, travel=(away,))
    found = slots(Event(60, 60), [host], JUNE_7, JUNE_7 + timedelta(days=3), LONG_AGO, "single")
    assert [f"{moment:%d %H}" for moment in found] == ["07 09", "08 00", "09 09"]


def test_round_robin_offers_what_either_host_offers() -> None:
    event = Event(duration=60, step=60)
    hosts = [open_daily(9, 11), open_daily(10, 12)]
    found = slots(event, hosts, JUNE_7, JUNE_8, LONG_AGO, "round_robin")
    assert [moment.hour for moment in found] == [9, 10, 11]


def test_b28_collective_offers_only_what_all_can() -> None:
    event = Event(duration=60, step=60)
    hosts = [open_daily(9, 11), open_daily(10, 12)]
    found = slots(event, hosts, JUNE_7, JUNE_8, LONG_AGO, "collective")
    assert [moment.hour for moment in found] == [10]


def test_always_open_hosts_have_slots_across_every_midnight() -> None:
    event = Event(duration=7 * 1440, step=1440)
    found = slots(event, [open_daily(0, 24)], JUNE_7, JUNE_8, LONG_AGO, "single")
    assert found == [JUNE_7]


def test_overrides_of_one_date_add_up() -> None:
    mornings = Override(date(2027, 6, 7), (Window(480, 540),))
    evenings = Override(date(2027, 6, 7), (Window(1200, 1260),))
    host = Host("UTC", (), (mornings, evenings))
    found = slots(Event(60, 60), [host], JUNE_7, JUNE_8, LONG_AGO, "single")
    assert [moment.hour for moment in found] == [8, 20]


def test_next_slot_looks_beyond_the_first_weeks() -> None:
    host = Host("UTC", (), (Override(date(2027, 9, 30), (Window(600, 660),)),))
    end = JUNE_7 + timedelta(days=365)
    found = next_slot(Event(30, 30), [host], JUNE_7, end, LONG_AGO, "single")
    assert found == datetime(2027, 9, 30, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hosts", "window", "now", "mode"),
    [
        ([], (JUNE_7, JUNE_8), LONG_AGO, "round_robin"),
        ([open_daily(9, 10)] * 2, (JUNE_7, JUNE_8), LONG_AGO, "single"),
        ([open_daily(9, 10)], (JUNE_8, JUNE_7), LONG_AGO, "single"),
        ([open_daily(9, 10)], (JUNE_7, JUNE_8), LONG_AGO, "both"),
        ([open_daily(9, 10)], (JUNE_7, JUNE_8), LONG_AGO.replace(tzinfo=None), "single"),
        ([open_daily(9, 10)], (JUNE_7.replace(year=1899), JUNE_8), LONG_AGO, "single"),
        ([open_daily(9, 10)], (JUNE_7, JUNE_8.replace(year=2201)), LONG_AGO, "single"),
        ([open_daily(9, 10, zone="Mars/Base")], (JUNE_7, JUNE_8), LONG_AGO, "single"),
    ],
)
def test_searches_that_make_no_sense_are_refused(
    hosts: list[Host], window: tuple[datetime, datetime], now: datetime, mode: Any
) -> None:
    for search in (slots, next_slot):
        with pytest.raises(ValueError, match=r"\w{3}"):
            search(Event(30, 30), hosts, *window, now, mode)
