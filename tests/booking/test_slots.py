"""Slots: written cases, random cases against the oracle, and what malformed input does."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.booking.oracle import CASES, Json, oracle_slots
from webapp.booking.slots import (
    Busy,
    Event,
    Host,
    Override,
    Weekly,
    Window,
    next_slot,
    offers,
    slots,
)
from webapp.booking.slots.case import answer, read_case

ROOT = Path(__file__).parents[2]
EVERY_DAY = frozenset(range(7))
JUNE_7 = datetime(2027, 6, 7, tzinfo=UTC)
JUNE_8 = JUNE_7 + timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def named(name: str) -> Json:
    loaded: Json = json.loads((CASES / f"{name}.json").read_text())
    return loaded


def solved(case: Json) -> list[str]:
    return answer(json.dumps(case).encode())["slots"]


def run(source: bytes, zone: str = "UTC") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "webapp.booking.slots"],
        input=source,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "TZ": zone},
        timeout=60,
        check=False,
    )


def clocks(found: list[str], day: str) -> list[str]:
    """The UTC clock times of one UTC date, as HH:MM."""
    return [text[11:16] for text in found if text.startswith(day)]


def open_daily(start: int, end: int, zone: str = "UTC", busy: tuple[Busy, ...] = ()) -> Host:
    return Host(zone, (Weekly(EVERY_DAY, Window(start * 60, end * 60)),), busy=busy)


# --- written cases


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.json")))
def test_behaviour_01_given_cases_give_their_answers(name: str) -> None:
    written = named(name)
    assert written["slots"]
    assert solved(written["case"]) == written["slots"]
    assert oracle_slots(written["case"]) == written["slots"]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/St_Johns", "EST5EDT"])
def test_behaviour_02_the_servers_zone_changes_nothing(zone: str) -> None:
    for name in ("spring-night", "autumn-night", "day-limit"):
        written = named(name)
        done = run(json.dumps(written["case"]).encode(), zone)
        assert (done.returncode, done.stderr) == (0, b"")
        assert json.loads(done.stdout) == {"slots": written["slots"]}


def test_behaviour_03_a_spring_night_00_to_06_ends_at_06() -> None:
    found = solved(named("spring-night")["case"])
    # Paris is at +1 until 01:00 UTC on the 28th, then at +2: 06:00 is 04:00 UTC.
    night = [text for text in found if "2027-03-27T12" <= text < "2027-03-28T12"]
    assert night[0] == "2027-03-27T23:00:00Z" and night[-1] == "2027-03-28T03:30:00Z"
    assert len(night) == 10


def test_behaviour_04_an_autumn_night_keeps_its_last_hour() -> None:
    found = solved(named("autumn-night")["case"])
    # Toronto is open 04:00 to 10:00 UTC that night: six hours between 00:00 and 05:00.
    assert clocks(found, "2027-11-07") == ["04:00", "05:00", "06:00", "07:00", "08:00", "09:00"]


def test_behaviour_05_the_invitees_zone_changes_nothing() -> None:
    case = named("spring-week")["case"]
    here = {**case, "invitee_time_zone": "Pacific/Chatham"}
    there = {**case, "invitee_time_zone": "America/Nuuk"}
    assert solved(here) == solved(there) == solved(case)


def test_behaviour_06_touching_bookings_are_allowed_and_a_minute_of_overlap_is_not() -> None:
    event = Event(duration=30, step=30)

    def offered(start: int, end: int) -> bool:
        taken = Busy(JUNE_7 + timedelta(minutes=start), JUNE_7 + timedelta(minutes=end))
        ten = JUNE_7 + timedelta(hours=10)
        return offers(event, [open_daily(9, 17, busy=(taken,))], LONG_AGO, "single", ten)

    assert offered(570, 600) and offered(630, 660)
    assert not offered(570, 601) and not offered(629, 660)


@pytest.mark.parametrize(("gap", "accepted"), [(19, False), (20, True)])
def test_behaviour_07_buffers_of_10_and_10_need_a_gap_of_20(gap: int, accepted: bool) -> None:
    event = Event(duration=30, step=1, buffer_before=10, buffer_after=10)
    ends = JUNE_7 + timedelta(hours=12)
    before = Busy(ends - timedelta(hours=1), ends, buffer_before=10, buffer_after=10)
    host = [open_daily(9, 17, busy=(before,))]
    after_it = ends + timedelta(minutes=gap)
    ahead_of_it = before.start - timedelta(minutes=gap + 30)
    assert offers(event, host, LONG_AGO, "single", after_it) is accepted
    assert offers(event, host, LONG_AGO, "single", ahead_of_it) is accepted


def test_behaviour_08_four_hours_notice_refuses_a_start_in_3_h_59() -> None:
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
def test_behaviour_09_a_crafted_time_is_not_offered(crafted: datetime) -> None:
    event, host = Event(duration=30, step=30), [open_daily(9, 17)]
    assert offers(event, host, LONG_AGO, "single", JUNE_7 + timedelta(hours=10))
    assert not offers(event, host, LONG_AGO, "single", crafted)


# --- random cases

# Zones with a moment worth searching around: gaps, folds, skipped dates, offsets with seconds.
RESTLESS = [
    ("America/New_York", "2027-03-14"),
    ("America/New_York", "2027-11-07"),
    ("Europe/London", "2027-03-28"),
    ("Europe/Dublin", "2027-10-31"),
    ("Australia/Lord_Howe", "2027-04-04"),
    ("Australia/Lord_Howe", "2027-10-03"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("America/Havana", "2027-11-07"),
    ("Pacific/Chatham", "2027-04-04"),
    ("America/St_Johns", "2006-10-29"),
    ("Antarctica/Troll", "2027-03-28"),
    ("Africa/Casablanca", "2027-02-07"),
    ("America/Nuuk", "2023-03-26"),
    ("Africa/Monrovia", "1972-01-07"),
    ("Africa/Freetown", "1939-09-05"),
    ("Asia/Pyongyang", "2018-05-04"),
    ("Asia/Kathmandu", "1986-01-01"),
    ("Europe/Moscow", "1919-07-01"),
]
ANY_ZONE = sorted(name for name in available_timezones() if "/" in name)

dates = st.dates(date(1905, 1, 1), date(2190, 1, 1)).map(date.isoformat)
clock_times = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
# Round times make windows touch, adjoin and meet changes of the clocks.
round_times = st.sampled_from(["00:00", "01:00", "01:30", "02:00", "02:30", "03:00", "12:00"])
late_times = st.sampled_from(["22:00", "23:00", "23:30"])
starts_of_day = round_times | late_times | clock_times
ends_of_day = starts_of_day | st.just("24:00")
long_hours = [("00:00", "12:00"), ("09:00", "17:00"), ("22:00", "06:00"), ("01:30", "01:30")]
windows = st.sampled_from(long_hours).map(lambda pair: {"start": pair[0], "end": pair[1]}) | (
    st.fixed_dictionaries({"start": starts_of_day, "end": ends_of_day})
)


def spelled(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@st.composite
def busy_times(draw: st.DrawFn, around: datetime) -> Json:
    start = around + timedelta(seconds=draw(st.integers(-3 * 86400, 3 * 86400)))
    if draw(st.booleans()):
        start = start.replace(second=0)
    end = start + timedelta(minutes=draw(st.integers(0, 300)))
    found: Json = {"start": spelled(start), "end": spelled(end)}
    for key, values in (
        ("buffer_before", st.integers(0, 45)),
        ("buffer_after", st.integers(0, 45)),
        ("counts", st.booleans()),
    ):
        if draw(st.booleans()):
            found[key] = draw(values)
    return found


@st.composite
def host_of(draw: st.DrawFn, zone: str, around: datetime) -> Json:
    days = st.just([*range(7)]) | st.lists(st.integers(0, 6), min_size=1, max_size=7)
    near = st.integers(-3, 3).map(lambda k: (around + timedelta(days=k)).date().isoformat())
    return {
        "time_zone": zone,
        "weekly": [{"days": draw(days), **draw(windows)} for _ in range(draw(st.integers(1, 3)))],
        "overrides": [
            {"date": draw(near), "windows": draw(st.lists(windows, max_size=2))}
            for _ in range(draw(st.sampled_from([0, 0, 1, 2])))
        ],
        "busy": draw(st.lists(busy_times(around), max_size=3)),
    }


@st.composite
def events(draw: st.DrawFn) -> Json:
    long = st.integers(91, 600)
    limits = [None, None, None, None, None, 1, 2, 3, 0]
    event = {
        "duration": draw(st.sampled_from([15, 30, 60, 90]) | st.integers(1, 90) | long),
        "step": draw(st.sampled_from([15, 30]) | st.integers(1, 70)),
        "buffer_before": draw(st.integers(0, 30)),
        "buffer_after": draw(st.integers(0, 30)),
        "min_notice": draw(st.just(0) | st.integers(0, 3000)),
    }
    limit = draw(st.sampled_from(limits))
    return event if limit is None else {**event, "limits": {"per_day": limit}}


@st.composite
def cases(draw: st.DrawFn) -> Json:
    zone, day = draw(st.sampled_from(RESTLESS) | st.tuples(st.sampled_from(ANY_ZONE), dates))
    noon = datetime.fromisoformat(f"{day}T12:00:00Z")
    # Long before, or in the midst of things and not on a whole minute.
    now = noon + timedelta(seconds=draw(st.just(-9 * 86400) | st.integers(-3 * 86400, 0)))
    opens = noon + timedelta(seconds=draw(st.integers(-36 * 3600, 12 * 3600)))
    length = draw(st.sampled_from([2, 2, 1]).map(lambda k: k * 86400) | st.integers(0, 86400))
    mode = draw(st.sampled_from(["single", "collective", "round_robin"]))
    others = st.sampled_from([zone, zone, "Europe/Berlin", "Asia/Kolkata"])
    zones = [zone] + [draw(others) for _ in range(0 if mode == "single" else 1)]
    return {
        "now": spelled(now),
        "invitee_time_zone": "UTC",
        "window": {"from": spelled(opens), "to": spelled(opens + timedelta(seconds=length))},
        "mode": mode,
        "event": draw(events()),
        "hosts": [draw(host_of(one, noon)) for one in zones],
    }


@settings(max_examples=300, deadline=None)
@given(cases())
def test_agrees_with_the_oracle_minute_by_minute(case: Json) -> None:
    assert solved(case) == oracle_slots(case)


@settings(max_examples=100, deadline=None)
@given(cases(), st.data())
def test_offers_and_next_slot_follow_the_list(case: Json, data: st.DataObject) -> None:
    read = read_case(json.dumps(case).encode())
    found = read.slots()
    window = (read.window_from, read.window_to)
    first = next_slot(read.event, read.hosts, *window, read.now, read.mode)
    assert first == (found[0] if found else None)
    length = (read.window_to - read.window_from) // timedelta(minutes=1)
    minutes = st.integers(0, length).map(lambda k: read.window_from + timedelta(minutes=k))
    tried = [*data.draw(st.lists(minutes, max_size=5)), *found[:5]]
    for at in (moment for moment in tried if moment < read.window_to):
        assert offers(read.event, read.hosts, read.now, read.mode, at) is (at in found)


@settings(max_examples=50, deadline=None)
@given(cases(), st.integers(0, 2 * 86400))
def test_adjoining_query_windows_share_out_the_slots(case: Json, cut: int) -> None:
    read = read_case(json.dumps(case).encode())
    middle = min(read.window_from + timedelta(seconds=cut), read.window_to)
    halves = [
        slots(read.event, read.hosts, start, end, read.now, read.mode)
        for start, end in ((read.window_from, middle), (middle, read.window_to))
    ]
    assert halves[0] + halves[1] == read.slots()


# --- particulars


def test_round_robin_offers_what_either_host_offers() -> None:
    event = Event(duration=60, step=60)
    hosts = [open_daily(9, 11), open_daily(10, 12)]
    found = slots(event, hosts, JUNE_7, JUNE_8, LONG_AGO, "round_robin")
    assert [moment.hour for moment in found] == [9, 10, 11]


def test_behaviour_28_collective_offers_only_what_all_can() -> None:
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


# --- malformed input


def changed(path: str, value: object) -> bytes:
    """A sound case with one member replaced, or taken out where the value is ABSENT."""
    case = named("collective")["case"]
    *way, last = path.split(".")
    holder: Any = case
    for key in way:
        holder = holder[int(key)] if key.isdigit() else holder[key]
    if value is ABSENT:
        del holder[last]
    else:
        holder[int(last) if last.isdigit() else last] = value
    return json.dumps(case).encode()


ABSENT = object()
MALFORMED: list[tuple[str, object]] = [
    ("hosts.0.time_zone", "Mars/Olympus"),
    ("hosts.0.time_zone", "America"),
    ("hosts.0.time_zone", "../UTC"),
    ("hosts.0.time_zone", "localtime"),
    ("hosts.0.time_zone", "america/denver"),
    ("hosts.0.time_zone", ""),
    ("hosts.0.time_zone", "a\0b"),
    ("hosts.0.time_zone", "\udc80"),
    ("hosts.0.time_zone", 5),
    ("hosts.1.time_zone", ABSENT),
    ("invitee_time_zone", "Nowhere"),
    ("hosts.0.weekly.0.start", "25:00"),
    ("hosts.0.weekly.0.start", "24:00"),
    ("hosts.0.weekly.0.start", "9:00"),
    ("hosts.0.weekly.0.start", "09:60"),
    ("hosts.0.weekly.0.start", "٠٩:٠٠"),
    ("hosts.0.weekly.0.end", "24:01"),
    ("hosts.0.weekly.0.end", "09:00\n"),
    ("hosts.0.weekly.0.end", ABSENT),
    ("hosts.0.weekly.0.days", [7]),
    ("hosts.0.weekly.0.days", [-1]),
    ("hosts.0.weekly.0.days", ["1"]),
    ("hosts.0.weekly.0.days", 1),
    ("hosts.0.weekly", {}),
    ("hosts.0.weekly", None),
    ("hosts.0.overrides", "none"),
    ("hosts.1.overrides.0.date", "2027-02-29"),
    ("hosts.1.overrides.0.date", "20270609"),
    ("hosts.1.overrides.0.windows", ABSENT),
    ("hosts.0.busy.0.start", "2027-06-08T14:00:00"),
    ("hosts.0.busy.0.start", "2027-06-08T15:00:00Z"),
    ("hosts.0.busy.0.end", "yesterday"),
    ("hosts.0.busy.0.end", 1),
    ("hosts.0.busy.0.buffer_after", -1),
    ("hosts.0.busy.0.counts", "yes"),
    ("hosts.0.busy", ABSENT),
    ("hosts.0", 3),
    ("hosts", []),
    ("hosts", ABSENT),
    ("event.duration", 0),
    ("event.duration", -30),
    ("event.duration", 30.0),
    ("event.duration", "30"),
    ("event.duration", True),
    ("event.duration", 10**30),
    ("event.duration", ABSENT),
    ("event.step", 0),
    ("event.buffer_before", -1),
    ("event.buffer_after", -1),
    ("event.min_notice", -1),
    ("event.min_notice", float("nan")),
    ("event.limits", [1]),
    ("event.limits", {"per_day": -1}),
    ("event.limits", {"per_day": "two"}),
    ("event", None),
    ("window.to", "2027-06-06T00:00:00Z"),
    ("window.from", "0001-01-01T00:00:00+14:00"),
    ("window.to", "9999-12-31T23:59:59-14:00"),
    ("window.from", ABSENT),
    ("window", []),
    ("now", "now"),
    ("now", ABSENT),
    ("mode", "any"),
    ("mode", "single"),
    ("mode", 1),
    ("mode", ABSENT),
]


@pytest.mark.parametrize(("path", "value"), MALFORMED)
def test_a_malformed_case_is_refused_with_a_message(path: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"\w{3}"):
        answer(changed(path, value))


@pytest.mark.parametrize(
    "source",
    [b"", b"{", b"\xff\xfe\xfa", b"[]", b"null", b"7", b"{}", b"[" * 100_000, b"9" * 5000],
)
def test_what_is_not_a_case_is_refused(source: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w{3}"):
        answer(source)


def test_the_message_names_the_place() -> None:
    with pytest.raises(ValueError, match=r"^hosts\[0\]\.weekly\[0\]\.start: "):
        answer(changed("hosts.0.weekly.0.start", "25:00"))


def test_far_away_numbers_and_dates_are_no_trouble() -> None:
    assert solved(json.loads(changed("event.min_notice", 10**50))) == []
    assert solved(json.loads(changed("event.step", 10**50)))
    assert solved(json.loads(changed("hosts.0.busy.0.end", "9999-12-31T23:59:59-14:00")))
    assert solved(json.loads(changed("now", "0001-01-01T00:00:00+14:00")))
    assert solved(json.loads(changed("now", "9999-12-31T23:59:59-14:00"))) == []


@pytest.mark.parametrize(
    "source",
    [
        b"not json",
        changed("event.duration", 0),
        changed("mode", "any"),
        changed("hosts.0.time_zone", "\udc80"),
    ],
)
def test_the_command_exits_2_with_one_message_and_no_traceback(source: bytes) -> None:
    done = run(source)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"slots: ") and done.stderr.count(b"\n") == 1
