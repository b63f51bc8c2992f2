"""What a calendar file takes of one's time, as programs really write them, and as nobody should."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.booking.outside.servers import event, ics
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


def written_apart(file: bytes) -> list[str]:
    found = expanded(file, ZONE, FIRST, LAST)
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


SERIES = "UID:a\nDTSTART:20260302T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4"
NOWHERE = "TZID=Nowhere/X"


@pytest.mark.parametrize("events", [
    [f"{SERIES}\nEXDATE;{NOWHERE}:20260303T100000"],
    [f"{SERIES}\nEXDATE:20260302T100000Z\nEXDATE;{NOWHERE}:20260303T100000"],
    [f"{SERIES}\nRDATE;{NOWHERE}:20260310T100000"],
    [f"{SERIES}\nRDATE;VALUE=PERIOD;{NOWHERE}:20260310T100000/PT1H"],
    [f"UID:a\nDTSTART:20260302T100000Z\nDTEND;{NOWHERE}:20260302T110000"],
    [SERIES, f"UID:a\nRECURRENCE-ID;{NOWHERE}:20260303T100000\nDTSTART:20260303T180000Z"],
    [SERIES, f"UID:a\nRECURRENCE-ID;{NOWHERE}:20260303T100000\nDTSTART:20260303T100000Z\n"
     "STATUS:CANCELLED"],
    [SERIES.replace(";COUNT=4", ""), f"UID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE;{NOWHERE}:"
     "20260202T100000\nDTSTART:20260202T180000Z\nSTATUS:CANCELLED"],
])  # fmt: skip
def test_nor_in_any_other_time_of_an_event(events: list[str]) -> None:
    """An exception in a zone that nobody knows would free an hour that may well be taken."""
    with pytest.raises(BadFile, match="nobody knows: Nowhere/X"):
        busy(*events)


def test_nor_in_a_published_period() -> None:
    period = f"FREEBUSY;{NOWHERE}:20260305T100000/20260305T110000".encode()
    file = ics().replace(
        b"END:VCALENDAR",
        b"BEGIN:VFREEBUSY\r\nUID:f\r\n" + period + b"\r\nEND:VFREEBUSY\r\nEND:VCALENDAR",
    )
    with pytest.raises(BadFile, match="nobody knows: Nowhere/X"):
        written(file)


def test_an_old_exception_in_such_a_zone_does_no_harm() -> None:
    since = SERIES.replace("20260302", "20150302").replace(";COUNT=4", "")
    assert len(busy(f"{since}\nEXDATE;{NOWHERE}:20160303T100000")) == 60


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


def test_events_of_one_name_that_are_no_exceptions_all_count() -> None:
    """Nothing says which of them holds."""
    other = event("a", "20260306T150000Z", "20260306T160000Z", "SEQUENCE:2")
    both = ["03-05 15:00/03-05 16:00", "03-06 15:00/03-06 16:00"]
    assert busy(ONE, other) == busy(other, ONE) == both
    assert {row.uid for row in busy_times(ics(ONE, other), ZONE, FIRST, LAST)} == {"a"}


def test_two_exceptions_for_one_occurrence_both_count() -> None:
    moved = "UID:a\nRECURRENCE-ID:20260303T100000Z\nDTSTART:20260303T{}0000Z\nDURATION:PT1H"
    days = "UID:a\nDTSTART:20260302T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2"
    assert busy(days, moved.format(14), moved.format(18)) == [
        "03-02 10:00/03-02 11:00", "03-03 14:00/03-03 15:00", "03-03 18:00/03-03 19:00",
    ]  # fmt: skip


ME = ("mailto:Vera@Example.com",)


@pytest.mark.parametrize(("guests", "taken"), [
    (["PARTSTAT=DECLINED:mailto:vera@example.com"], 0),
    (["PARTSTAT=declined:MAILTO:VERA@example.com", "PARTSTAT=ACCEPTED:mailto:ann@example.com"], 0),
    (["PARTSTAT=ACCEPTED:mailto:vera@example.com", "PARTSTAT=DECLINED:mailto:ann@example.com"], 1),
    (["PARTSTAT=DECLINED:mailto:vera@example.com", "PARTSTAT=ACCEPTED:mailto:vera@example.com"], 1),
    (["RSVP=TRUE:mailto:vera@example.com"], 1),
    (["PARTSTAT=TENTATIVE:mailto:vera@example.com"], 1),
])  # fmt: skip
def test_what_the_owner_declined_takes_no_time(guests: list[str], taken: int) -> None:
    file = ics("\n".join([ONE, *(f"ATTENDEE;{guest}" for guest in guests)]))
    assert len(busy_times(file, ZONE, FIRST, LAST, ME)) == taken
    assert len(busy_times(file, ZONE, FIRST, LAST)) == 1


def test_one_occurrence_that_the_owner_declined_is_free_and_the_others_are_not() -> None:
    days = "UID:a\nDTSTART:20260302T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3"
    off = ("UID:a\nRECURRENCE-ID:20260303T100000Z\nDTSTART:20260303T100000Z\nDURATION:PT1H\n"
           "ATTENDEE;PARTSTAT=DECLINED:mailto:vera@example.com")  # fmt: skip
    found = expanded(ics(days, off), ZONE, FIRST, LAST, own=ME)
    assert [row.starts_at.day for row in found] == [2, 4]


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
