"""The month a time is chosen from: its days, its way on, changing clocks, what is asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from webapp.booking.picker.day_times import DayTimes, by_date, days_of
from webapp.booking.picker.picking import Month, asked, day, first_weekday
from webapp.booking.picker.zones import clock_change, clock_changes
from webapp.zone_field import menu

NEW_YORK, AUCKLAND = "America/New_York", "Pacific/Auckland"
NOVEMBER_FIRST = date(2026, 11, 1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def month(*starts: str, shown: str, zone: str = "UTC", today: str = "2026-12-01") -> Month:
    days = by_date([at(text) for text in starts], zone)
    return Month(zone, days, date.fromisoformat(shown), date.fromisoformat(today))


# -- days ------------------------------------------------------------------------------------------


def test_a_month_has_its_days_and_no_others() -> None:
    december = month("2026-12-03T10:00", "2026-12-03T11:00", "2027-01-02T10:00", shown="2026-12-03")
    cells = [cell for week in december.weeks for cell in week if cell]
    assert [cell.on.day for cell in cells] == list(range(1, 32))
    assert [(cell.on.day, cell.times) for cell in cells if cell.times] == [(3, 2)]
    assert [cell.on.day for cell in cells if cell.today] == [1]
    assert [cell.on.day for cell in cells if cell.chosen] == [3]
    assert december.weeks[0][0] is None  # the 1st is a Tuesday
    assert cells[2].label == "Thursday 3 December: 2 times"
    assert cells[0].label == "Tuesday 1 December, today: 0 times"


@pytest.mark.parametrize(
    ("languages", "first"),
    [("en-US,en;q=0.9", "Sun"), ("en-GB", "Mon"), ("de", "Mon"), ("ar-EG", "Sat"), ("", "Mon"),
     ("en;q=0.9,pt-BR;q=0.8", "Sun"), ("xx-YY-../..", "Mon"), ("zh-Hant-TW", "Sun"), ("*", "Mon")],
)  # fmt: skip
def test_the_week_begins_as_the_readers_does(app: Flask, languages: str, first: str) -> None:
    with app.test_request_context("/", headers={"Accept-Language": languages}):
        shown = Month("UTC", {}, NOVEMBER_FIRST, NOVEMBER_FIRST, first_weekday=first_weekday())
    assert shown.weekdays[0][0] == first and len(shown.weekdays) == 7
    row = next(week for week in shown.weeks if week[0])
    assert row[0] and f"{row[0].on:%a}" == first


# -- the way on ------------------------------------------------------------------------------------


def test_months_without_open_days_are_passed_over() -> None:
    starts = ("2026-12-03T10:00", "2026-12-09T10:00", "2027-02-05T10:00", "2027-02-06T10:00")
    december, february = (month(*starts, shown=on) for on in ("2026-12-09", "2027-02-06"))
    assert (december.earlier, december.later) == (None, date(2027, 2, 5))
    assert (february.earlier, february.later) == (date(2026, 12, 3), None)
    assert december.next_free is None and december.last_free is None


@pytest.mark.parametrize(
    ("shown", "said", "next_free", "last_free"),
    [
        ("2026-12-05", "Nothing is open on Saturday 5 December.", date(2026, 12, 9), None),
        ("2026-12-31", "Nothing is open on Thursday 31 December.", date(2027, 2, 5), None),
        ("2027-01-10", "Nothing is open in January 2027.", date(2027, 2, 5), None),
        ("2026-11-10", "Nothing is open in November 2026.", date(2026, 12, 9), None),
        ("2027-02-07", "Nothing is open on Sunday 7 February.", None, date(2027, 2, 5)),
        ("2027-03-01", "Nothing can be booked in March 2027 yet.", None, date(2027, 2, 5)),
    ],
)
def test_where_nothing_is_open_the_way_on_is_shown(
    shown: str, said: str, next_free: date | None, last_free: date | None
) -> None:
    empty = month("2026-12-09T10:00", "2027-02-05T10:00", shown=shown)
    assert (empty.said, empty.next_free, empty.last_free) == (said, next_free, last_free)


# -- times -----------------------------------------------------------------------------------------


def test_times_stand_in_parts_of_the_readers_day() -> None:
    starts = [at(f"2026-12-02T{hour:02}:00") for hour in (14, 17, 20, 23)]
    [thursday] = days_of(starts, AUCKLAND)
    parts = [(part.label, [time.label for time in part.times]) for part in thursday.parts]
    assert parts == [
        ("Night", ["03:00"]),
        ("Morning", ["06:00", "09:00"]),
        ("Afternoon", ["12:00"]),
    ]
    assert thursday.said == "Thursday 3 December: 4 times"
    assert thursday.zone_label == "Auckland, UTC+13"
    assert {time.offset for part in thursday.parts for time in part.times} == {""}


def test_a_time_that_comes_twice_says_which() -> None:
    starts = [at(f"2026-11-01T0{hour}:30") for hour in (4, 5, 6, 7)]
    [sunday] = days_of(starts, NEW_YORK)
    shown = [(time.label, time.offset) for part in sunday.parts for time in part.times]
    assert shown == [
        ("00:30", "UTC−4"), ("01:30", "UTC−4"), ("01:30", "UTC−5"), ("02:30", "UTC−5"),
    ]  # fmt: skip
    assert sunday.zone_label == "New York, UTC−4, then UTC−5"
    assert sunday.change and sunday.change.text == "clocks go back an hour at 02:00"


def test_the_offset_is_the_one_of_that_date_and_not_of_today() -> None:
    winter, summer = (DayTimes(date(2027, 3, day), NEW_YORK, ()) for day in (12, 15))
    assert (winter.zone_label, summer.zone_label) == ("New York, UTC−5", "New York, UTC−4")


# -- changing clocks -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        (NEW_YORK, {"03-14": "forward an hour at 02:00", "11-07": "back an hour at 02:00"}),
        (AUCKLAND, {"04-04": "back an hour at 03:00", "09-26": "forward an hour at 02:00"}),
        ("Australia/Lord_Howe", {"04-04": "back 30 minutes at 02:00",
                                 "10-03": "forward 30 minutes at 02:00"}),
        ("Africa/Cairo", {"04-30": "forward an hour at 00:00", "10-28": "back an hour at 24:00"}),
        ("Asia/Kolkata", {}),
    ],
)  # fmt: skip
def test_days_on_which_clocks_change(zone: str, told: dict[str, str]) -> None:
    found = clock_changes(zone, date(2027, 1, 1), date(2027, 12, 31))
    assert {f"{change.on:%m-%d}": change.text for change in found} == {
        on: f"clocks go {text}" for on, text in told.items()
    }


ZONES = st.sampled_from([NEW_YORK, AUCKLAND, "Africa/Cairo", "America/Santiago", "Asia/Beirut",
                         "Africa/Casablanca", "Europe/Lisbon", "Australia/Lord_Howe"])  # fmt: skip


@given(ZONES, st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_a_clock_change_is_told_on_the_days_whose_length_differs(zone: str, on: date) -> None:
    """Counted minute by minute in UTC, which knows no changes."""
    first = datetime(on.year, on.month, on.day, tzinfo=UTC) - timedelta(hours=30)
    minutes = (first + timedelta(minutes=15 * number) for number in range(4 * 84))
    inside = sum(start.astimezone(ZoneInfo(zone)).date() == on for start in minutes)
    change = clock_change(zone, on)
    assert inside * timedelta(minutes=15) == timedelta(days=1) - (
        change.by if change else timedelta()
    )


def test_a_month_tells_of_changes_to_come_and_not_of_past_ones() -> None:
    days = {"shown": "2026-11-20", "zone": NEW_YORK}
    assert [change.on for change in month(today="2026-10-20", **days).clock_changes] == [
        NOVEMBER_FIRST
    ]
    assert month(today="2026-11-20", **days).clock_changes == []


# -- zones -----------------------------------------------------------------------------------------


def test_zones_begin_with_those_this_reader_may_mean(app: Flask) -> None:
    with app.test_request_context("/", headers={"Cookie": "tz=Asia/Tokyo"}):
        chosen_from = asked([], "Europe/Paris", around=date(2027, 7, 1), likely=[NEW_YORK])
    likely, *regions = menu("Europe/Paris", date(2027, 7, 1), chosen_from.likely)
    assert [choice.label for choice in likely.choices] == [
        "Paris (UTC+2)", "Tokyo (UTC+9)", "New York (UTC−4)", "UTC",
    ]  # fmt: skip
    assert [group.label for group in regions][:3] == ["Africa", "America", "Antarctica"]
    labels = {choice.name: choice.label for group in regions for choice in group.choices}
    assert labels["America/Indiana/Knox"] == "Knox, Indiana (UTC−5)" and len(labels) > 400


@pytest.mark.parametrize("cookie", ["Mars/Base", "../../etc/passwd", "<b>"])
def test_a_browser_that_tells_nonsense_adds_no_zone(app: Flask, cookie: str) -> None:
    with app.test_request_context("/", headers={"Cookie": f"tz={cookie}"}):
        names = [choice.name for choice in asked([], "UTC").zones[0].choices]
    assert cookie not in names


# -- what an address asks for ----------------------------------------------------------------------

OPEN = [at("2026-12-02T22:00"), at("2026-12-03T15:00"), at("2026-12-03T23:00")]


def shown(app: Flask, query: str, zone: str = NEW_YORK, **more: object) -> Month:
    with app.test_request_context(f"/?{query}"):
        return asked(OPEN, zone, **more)  # type: ignore[arg-type]


@pytest.mark.usefixtures("today")
def test_the_first_look_opens_on_the_first_day_with_times(app: Flask) -> None:
    assert shown(app, "").shown == date(2026, 12, 2)
    assert shown(app, "day=2026-12-03").shown == date(2026, 12, 3)
    assert shown(app, "day=nonsense").shown == date(2026, 12, 2)


@pytest.mark.usefixtures("today")
def test_another_zone_keeps_the_time_that_was_chosen(app: Flask) -> None:
    """Thursday at 18:00 in New York is Friday noon in Auckland, whatever day was shown."""
    kept = shown(app, "day=2026-12-03&slot=2026-12-03T23:00:00Z", AUCKLAND)
    assert (kept.shown, kept.chosen) == (date(2026, 12, 4), at("2026-12-03T23:00"))
    lost = shown(app, "day=2026-12-03&slot=2026-12-03T22:00:00Z", AUCKLAND)
    assert (lost.shown, lost.chosen) == (date(2026, 12, 3), None)


@pytest.mark.usefixtures("today")
def test_what_is_held_is_ticked_and_a_day_asked_for_comes_first(app: Flask) -> None:
    held = at("2026-12-03T15:00")
    assert shown(app, "", chosen=held).shown == date(2026, 12, 3)
    asked_for = shown(app, "day=2026-12-02", chosen=held)
    assert (asked_for.shown, asked_for.chosen) == (date(2026, 12, 2), held)


@pytest.mark.usefixtures("today")
def test_it_opens_around_a_date_where_one_is_given(app: Flask) -> None:
    assert shown(app, "", around=date(2026, 12, 3)).shown == date(2026, 12, 3)
    assert shown(app, "", around=date(2026, 12, 20)).shown == date(2026, 12, 3)


@pytest.mark.parametrize("text", ["", "2026-13-01", "0001-01-01", "9999-12-31", "soon", None])
def test_a_date_that_is_none_asks_for_nothing(text: str | None) -> None:
    assert day(text) is None
