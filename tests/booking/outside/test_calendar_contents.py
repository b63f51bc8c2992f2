"""What a calendar file takes of one's time, as programs really write them, and as nobody should."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.booking.outside.servers import event, ics
from webapp.booking.outside.ics import expanding
from webapp.booking.outside.ics.expanding import expanded
from webapp.booking.outside.ics.ics_file import BadFile, busy_times
from webapp.booking.outside.provider import OutsideRefused

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
LAST = datetime(2026, 4, 30, tzinfo=UTC)
ZONE = "America/New_York"  # its clocks go forward on 8 March 2026

FIRM_TIME = """BEGIN:VTIMEZONE
TZID:Firm time
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
TZNAME:F
END:STANDARD
END:VTIMEZONE
"""


def busy(*events: str, head: str = "", zone: str = ZONE) -> list[str]:
    """'03-05 15:00 – 16:00' in UTC, for each busy time."""
    return written(ics(*events, head=head), zone)


def written(file: bytes, zone: str = ZONE) -> list[str]:
    found = busy_times(file, zone, FIRST, LAST)
    return [f"{row.starts_at:%m-%d %H:%M}/{row.ends_at:%m-%d %H:%M}" for row in found]


ONE = event("a", "20260305T150000Z", "20260305T160000Z")
TEN = "UID:a\nDTSTART:20260305T100000\nDURATION:PT1H"


def test_one_event() -> None:
    assert busy(ONE) == ["03-05 15:00/03-05 16:00"]


@pytest.mark.parametrize("line", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "status:cancelled",
                                  "X-MICROSOFT-CDO-BUSYSTATUS:FREE"])  # fmt: skip
def test_free_and_cancelled_events_take_no_time(line: str) -> None:
    assert busy(f"{ONE}\n{line}") == []


@pytest.mark.parametrize("line", ["TRANSP:OPAQUE", "STATUS:TENTATIVE", "STATUS:CONFIRMED",
                                  "CLASS:PRIVATE", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"])  # fmt: skip
def test_tentative_ones_do(line: str) -> None:
    assert len(busy(f"{ONE}\n{line}")) == 1


def test_a_whole_day_is_the_consultants_day_even_when_clocks_change() -> None:
    assert busy("UID:a\nDTSTART;VALUE=DATE:20260307\nDTEND;VALUE=DATE:20260309") == [
        "03-07 05:00/03-09 04:00"
    ]


def test_a_day_without_an_end_is_one_day() -> None:
    assert busy("UID:a\nDTSTART;VALUE=DATE:20260310") == ["03-10 04:00/03-11 04:00"]


def test_times_without_a_zone_are_the_consultants() -> None:
    assert busy(TEN) == ["03-05 15:00/03-05 16:00"]
    assert busy(TEN, zone="Asia/Kolkata") == ["03-05 04:30/03-05 05:30"]


def test_or_the_calendars_own_where_it_says_so() -> None:
    assert busy(TEN, head="X-WR-TIMEZONE:Europe/Berlin\n") == ["03-05 09:00/03-05 10:00"]


def test_a_calendars_zone_that_is_none_is_passed_over() -> None:
    assert busy(TEN, head="X-WR-TIMEZONE:../../etc/passwd\n") == ["03-05 15:00/03-05 16:00"]


def test_utc_events_of_a_calendar_with_a_zone_repeat_by_its_clock() -> None:
    """Google writes a series in UTC and the zone once: ten o'clock stays ten o'clock."""
    weekly = "UID:a\nDTSTART:20260305T150000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2"
    assert busy(weekly, head=f"X-WR-TIMEZONE:{ZONE}\n") == [
        "03-05 15:00/03-05 16:00",
        "03-12 14:00/03-12 15:00",
    ]


def test_a_series_follows_the_clock_of_its_zone() -> None:
    weekly = f"UID:a\nDTSTART;TZID={ZONE}:20200102T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY"
    assert busy(weekly)[:3] == [
        "03-05 15:00/03-05 16:00",
        "03-12 14:00/03-12 15:00",
        "03-19 14:00/03-19 15:00",
    ]


def test_exceptions_of_a_series() -> None:
    series = "UID:a\nDTSTART:20260302T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4"
    moved = "UID:a\nRECURRENCE-ID:20260303T100000Z\nDTSTART:20260303T180000Z\nDURATION:PT2H"
    off = "UID:a\nRECURRENCE-ID:20260304T100000Z\nDTSTART:20260304T100000Z\nSTATUS:CANCELLED"
    assert busy(f"{series}\nEXDATE:20260305T100000Z", moved, off) == [
        "03-02 10:00/03-02 11:00",
        "03-03 18:00/03-03 20:00",
    ]


def test_extra_dates_of_a_series() -> None:
    once = "UID:a\nDTSTART:20260302T100000Z\nDURATION:PT1H"
    assert busy(f"{once}\nRDATE:20260310T100000Z\nRDATE;VALUE=PERIOD:20260311T100000Z/PT3H") == [
        "03-02 10:00/03-02 11:00",
        "03-10 10:00/03-10 11:00",
        "03-11 10:00/03-11 13:00",
    ]


def test_what_began_before_and_goes_on_counts() -> None:
    assert busy("UID:a\nDTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20300101") != []


def test_what_is_over_does_not() -> None:
    assert busy(event("a", "20260228T100000Z", "20260228T110000Z")) == []


def test_a_zone_that_the_file_defines() -> None:
    zoned = "UID:a\nDTSTART;TZID=Firm time:20260305T100000\nDURATION:PT1H"
    assert written_apart(ics(zoned, head=FIRM_TIME)) == ["03-05 04:30/03-05 05:30"]


@pytest.mark.parametrize(
    "definition",
    ["", FIRM_TIME.replace("TZOFFSETFROM:+0530\n", ""), FIRM_TIME.replace("Firm", "Other"),
     "BEGIN:VTIMEZONE\nTZID:Firm time\nEND:VTIMEZONE\n"],
)  # fmt: skip
def test_a_zone_that_nobody_knows_is_not_guessed_at(definition: str) -> None:
    zoned = "UID:a\nDTSTART;TZID=Firm time:20260305T100000\nDURATION:PT1H"
    with pytest.raises(OutsideRefused, match="nobody knows: Firm time"):
        written_apart(ics(ONE, zoned, head=definition))


def test_an_old_event_in_such_a_zone_does_no_harm() -> None:
    old = "UID:a\nDTSTART;TZID=Firm time:20160305T100000\nDURATION:PT1H"
    assert written_apart(ics(ONE.replace("a", "b"), old)) == ["03-05 15:00/03-05 16:00"]


@pytest.mark.parametrize(
    "definition", ["", FIRM_TIME.replace("Firm time", ZONE), FIRM_TIME.replace("TZOFFSETFROM", "X")]
)
def test_a_zone_that_everybody_knows_needs_no_good_definition(definition: str) -> None:
    zoned = f"UID:a\nDTSTART;TZID={ZONE}:20260305T100000\nDURATION:PT1H"
    assert written_apart(ics(zoned, head=definition)) == ["03-05 15:00/03-05 16:00"]


def test_windows_names_of_zones() -> None:
    assert busy("UID:a\nDTSTART;TZID=W. Europe Standard Time:20260305T100000\nDURATION:PT1H") == [
        "03-05 09:00/03-05 10:00"
    ]


def test_events_without_a_name_are_not_taken_for_one() -> None:
    one, other = (f"DTSTART:2026030{day}T100000Z\nDURATION:PT1H" for day in (5, 6))
    assert len(busy(one, other)) == 2


def test_periods_published_without_their_events() -> None:
    file = ics().replace(
        b"END:VCALENDAR",
        b"BEGIN:VFREEBUSY\r\nUID:f\r\nDTSTAMP:20260101T000000Z\r\n"
        b"FREEBUSY:20260305T100000Z/20260305T110000Z,20260306T100000Z/PT1H\r\n"
        b"FREEBUSY;FBTYPE=FREE:20260307T100000Z/PT1H\r\n"
        b"FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260308T100000Z/PT1H\r\n"
        b"END:VFREEBUSY\r\nEND:VCALENDAR",
    )
    assert [row[:5] for row in written(file)] == ["03-05", "03-06", "03-08"]


@pytest.mark.parametrize("change", [
    lambda file: file.replace(b"\r\n", b"\n"),
    lambda file: b"\xef\xbb\xbf" + file,
    lambda file: file + file,
    lambda file: file.replace(b"UID", "SUMMARY:Café\r\nUID".encode("latin-1")),
    lambda file: file.replace(b"UID", b"X-NOBODY-KNOWS;A=B:this\r\nUID"),
])  # fmt: skip
def test_files_as_they_are_found_in_the_wild(change: object) -> None:
    assert written(change(ics(ONE))) == ["03-05 15:00/03-05 16:00"]  # type: ignore[operator]


# -- what cannot be understood ---------------------------------------------------------------------


@pytest.mark.parametrize("file", [b"", b"<html></html>", b"BEGIN:VCALENDAR\r\n", ics(ONE)[:-20],
                                  bytes(range(256)), b"BEGIN:VEVENT\r\n" * 1000])  # fmt: skip
def test_what_is_no_calendar(file: bytes) -> None:
    with pytest.raises(BadFile, match="not a calendar file"):
        written(file)


@pytest.mark.parametrize("broken", [
    "UID:a\nDTSTART:2026-03-05\nDURATION:PT1H",
    "UID:a\nDTSTART:20261305T100000Z\nDURATION:PT1H",
    "UID:a\nDTSTART:20260305T100000Z\nDTEND:soon",
    "UID:a\nDTSTART:20260305T100000Z\nDURATION:an hour",
    "UID:a\nDTSTART:20260305T100000Z\nDURATION:PT1H\nRRULE:FREQ=SOMETIMES",
    "UID:a\nDTSTART:20260305T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=0",
    "UID:a\nDTSTART:20260305T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=never",
    "UID:a\nDTSTART:20260305T100000Z\nDURATION:PT1H\nEXDATE:yesterday",
])  # fmt: skip
def test_half_understood_is_not_understood(broken: str) -> None:
    """An event that lost its time would seem free."""
    with pytest.raises(BadFile, match="cannot be read"):
        busy(ONE, broken)


@pytest.mark.parametrize("often", ["SECONDLY", "MINUTELY"])
def test_what_repeats_every_minute(often: str) -> None:
    with pytest.raises(BadFile, match="every minute"):
        busy(f"{ONE}\nRRULE:FREQ={often}")


def test_more_than_anybody_can_attend() -> None:
    hourly = "UID:{}\nDTSTART:20260301T00{:02}00Z\nDURATION:PT1M\nRRULE:FREQ=HOURLY"
    with pytest.raises(BadFile, match="more than 10,000"):
        busy(*[hourly.format(number, number) for number in range(8)])


# -- in a process of its own -----------------------------------------------------------------------


def written_apart(file: bytes) -> list[str]:
    found = expanded(file, ZONE, FIRST, LAST)
    return [f"{row.starts_at:%m-%d %H:%M}/{row.ends_at:%m-%d %H:%M}" for row in found]


def test_apart_or_not_the_answer_is_the_same() -> None:
    file = ics(ONE, "UID:b\nDTSTART;VALUE=DATE:20260320\nRRULE:FREQ=WEEKLY;COUNT=3")
    assert expanded(file, ZONE, FIRST, LAST) == busy_times(file, ZONE, FIRST, LAST)


def test_apart_a_bad_file_is_refused_in_the_same_words() -> None:
    with pytest.raises(OutsideRefused, match="not a calendar file"):
        expanded(b"<html>", ZONE, FIRST, LAST)


MANY = ",".join(map(str, range(60)))
HOURS = ",".join(map(str, range(24)))
BOMBS = {
    "3,600 an hour": f"RRULE:FREQ=HOURLY;BYMINUTE={MANY};BYSECOND={MANY}",
    "never found": "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
    "since the year one": f"RRULE:FREQ=DAILY;BYHOUR={HOURS};BYMINUTE={MANY}",
}


@pytest.mark.parametrize("rule", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_neither_hangs_nor_eats_memory(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "WALL_SECONDS", 6)
    start = "00010101T000000Z" if "DAILY" in rule else "20260301T000000Z"
    began = time.monotonic()
    with pytest.raises(OutsideRefused, match="takes too long"):
        expanded(ics(*[f"UID:{n}\nDTSTART:{start}\nDURATION:PT1S\n{rule}" for n in range(3)]),
                 ZONE, FIRST, LAST + timedelta(days=400))  # fmt: skip
    assert time.monotonic() - began < 12


def test_the_process_knows_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}

    def run(*_: object, **options: object) -> object:
        given.update(options)
        raise ValueError

    monkeypatch.setattr("subprocess.run", run)
    with pytest.raises(OutsideRefused):
        expanded(b"", ZONE, FIRST, LAST)
    assert given["env"] == {}
