"""A consultant's hours, dates and rules, as they edit them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.booking.hours_sent import day, values, weekly
from tests.booking.rows import at
from webapp.accounts.models import Person
from webapp.booking.hours.windows import check, stored, write_hours
from webapp.booking.models import (
    Booking,
    CalendarRules,
    DateOverride,
    Travel,
    open_slots,
)
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
HOSTILE = "<script>alert('x')</script>"
RULES = {"step": "60", "buffer_before": "5", "buffer_after": "10", "minimum_notice": "120",
         "horizon_days": "30", "change_notice": "2880", "per_day": "3", "per_week": "7",
         "country": "GB"}  # fmt: skip
AWAY = {"first": "2026-12-03", "last": "2026-12-04", "substitute": ""}
TRIP = {"first": "2026-12-03", "last": "2026-12-04", "time_zone": "Asia/Tokyo"}


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant()


@pytest.fixture
def browser(sign_in: Callable[[Person], FlaskClient], consultant: Consultant) -> FlaskClient:
    return sign_in(consultant.person)


# -- weekly hours ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pairs, wrong",
    [([("09:00", "12:30"), ("13:30", "17:00")], None), ([], None), ([("22:00", "02:00")], None),
     ([("09:00", "09:00")], "another time"), ([("09:00", "12:00"), ("11:00", "13:00")], "overlap"),
     ([("22:00", "02:00"), ("23:00", "24:00")], "overlap"),
     ([("09:00", "09:10")] * 7, "at most 6")],
)  # fmt: skip
def test_windows_of_a_day_are_checked(pairs: list[tuple[str, str]], wrong: str | None) -> None:
    if wrong is None:
        check(pairs)
        return
    with pytest.raises(ValueError, match=wrong):
        check(pairs)


def test_midnight_ends_a_day_and_a_night_shift_says_so() -> None:
    assert stored(time(20), time()) == ("20:00", "24:00")
    assert write_hours([("20:00", "24:00")]) == "20:00 – 24:00"
    assert write_hours([("22:00", "02:00")]) == "22:00 – 02:00 (next day)"


def test_weekly_hours_are_replaced(browser: FlaskClient, consultant: Consultant) -> None:
    data = day(1, ("09:00", "12:00"), ("13:00", "17:00"), ("", "")) | day(0, ("20:00", "00:00"))
    assert browser.post("/availability/hours", data=data).status_code == 303
    assert weekly(consultant) == [
        (0, "20:00", "24:00"), (1, "09:00", "12:00"), (1, "13:00", "17:00"),
    ]  # fmt: skip
    assert "09:00 – 12:00, 13:00 – 17:00" in browser.get("/availability").text
    page = browser.get("/availability/hours").text
    assert values(page) == {name: value for name, value in data.items() if value}


def test_a_change_of_the_hours_can_be_undone(browser: FlaskClient, consultant: Consultant) -> None:
    browser.post("/availability/hours", data=day(1, ("09:00", "00:00")))
    before = weekly(consultant)
    answer = browser.post("/availability/hours", data=day(2, ("10:00", "11:00")))
    page = browser.get(answer.headers["Location"]).text
    fields = dict(re.findall(r'name="(day_[^"]+)" value="([^"]+)"', page))
    assert fields == day(1, ("09:00", "00:00"))
    assert browser.post("/availability/hours", data=fields).status_code == 303
    assert weekly(consultant) == before
    assert browser.get("/availability?undo=tampered").status_code == 404


def test_what_one_undoes_is_ones_own(
    browser: FlaskClient, sign_in: Callable[[Person], FlaskClient]
) -> None:
    link = browser.post("/availability/hours", data={}).headers["Location"]
    assert browser.get(link).status_code == 200
    assert sign_in(make.consultant().person).get(link).status_code == 404


@pytest.mark.parametrize(
    "wrong, message",
    [(day(1, ("nine", "17:00")), "Enter both times"), (day(1, ("09:00", "")), "Enter both times"),
     (day(1, ("09:00", "09:00")), "another time"), (day(1, ("25:00", "26:00")), "Enter both times"),
     (day(1, ("09:00", "12:00"), ("11:00", "13:00")), "overlap"),
     (day(1, (HOSTILE, "17:00")), "Enter both times")],
)  # fmt: skip
def test_wrong_hours_keep_what_was_typed_and_what_was_stored(
    browser: FlaskClient, consultant: Consultant, wrong: dict[str, str], message: str
) -> None:
    before = weekly(consultant)
    answer = browser.post("/availability/hours", data=wrong | day(2, ("10:00", "11:00")))
    assert answer.status_code == 422 and message in answer.text
    assert values(answer.text)["day_2-0-starts"] == "10:00"
    assert HOSTILE not in answer.text and "Monday: " in answer.text
    assert weekly(consultant) == before


def test_the_forms_buttons_change_the_form_and_store_nothing(
    browser: FlaskClient, consultant: Consultant
) -> None:
    before = weekly(consultant)
    typed = day(1, ("08:00", "12:00"), ("13:00", "16:00")) | day(6, ("10:00", "12:00"))
    copied = browser.post("/availability/hours", data=typed | {"step": "copy"})
    assert copied.status_code == 200 and "Not saved yet" in copied.text
    expected = {name: value for weekday in range(1, 6) for name, value in
                day(weekday, ("08:00", "12:00"), ("13:00", "16:00")).items()}  # fmt: skip
    assert values(copied.text) == expected | day(6, ("10:00", "12:00"))
    fewer = browser.post("/availability/hours", data=typed | {"step": "less-1-0"})
    assert values(fewer.text) == day(1, ("13:00", "16:00")) | day(6, ("10:00", "12:00"))
    more = browser.post("/availability/hours", data=typed | {"step": "more-6"})
    assert 'name="day_6-1-starts"' in more.text
    for odd in ("", "less-9-1", "less-1-99", "less-1-x", "more-", "jump"):
        assert values(browser.post("/availability/hours", data=typed | {"step": odd}).text) == typed
    assert weekly(consultant) == before


# -- single dates ----------------------------------------------------------------------------------


def test_a_date_is_closed_changed_and_removed(browser: FlaskClient, consultant: Consultant) -> None:
    def found() -> list[datetime]:
        return open_slots([consultant.id], at(3, 0), at(4, 0), 60)[consultant.id]

    off = {"on": "2026-12-03", "kind": "off", "note": "Travel"}
    assert browser.post("/availability/dates", data=off).status_code == 303
    assert found() == []
    hours = {
        "on": "2026-12-03",
        "kind": "hours",
        "hours-0-starts": "12:00",
        "hours-0-ends": "13:00",
    }
    browser.post("/availability/dates", data=hours)
    assert found() == [at(3, 12)]
    page = browser.get("/availability/dates?on=2026-12-03").text
    assert values(page) == {"hours-0-starts": "12:00", "hours-0-ends": "13:00"}
    [row] = session.scalars(select(DateOverride))
    browser.post(f"/availability/dates/{row.id}/removal")
    assert len(found()) == 15


@pytest.mark.parametrize(
    "data, message",
    [({"on": "2026-11-30"}, "from today on"), ({"on": "soon"}, "Not a valid date"),
     ({}, "Choose a date."), ({"on": "2100-01-01"}, "before 2100"),
     ({"on": "2026-12-03", "kind": "hours"}, "Enter the hours of this date"),
     ({"on": "2026-12-03", "kind": "hours", "hours-0-starts": "x"}, "Enter both times"),
     ({"on": "2026-12-03", "kind": "maybe"}, "Not a valid choice"),
     ({"on": "2026-12-03", "note": "Travel\nhome"}, "one line"),
     ({"on": "2026-12-03", "note": "n" * 200}, "longer than")],
)  # fmt: skip
def test_wrong_dates_are_refused(browser: FlaskClient, data: dict[str, str], message: str) -> None:
    answer = browser.post("/availability/dates", data={"kind": "off"} | data)
    assert answer.status_code == 422 and message in answer.text
    assert session.scalars(select(DateOverride)).all() == []


def test_a_leap_day_is_a_date(browser: FlaskClient) -> None:
    data = {"on": "2028-02-29", "kind": "off"}
    assert browser.post("/availability/dates", data=data).status_code == 303
    assert session.scalars(select(DateOverride.on)).one() == date(2028, 2, 29)


# -- travel ----------------------------------------------------------------------------------------


def test_a_trip_moves_the_hours_to_the_clock_of_the_place(
    browser: FlaskClient, consultant: Consultant
) -> None:
    assert browser.post("/availability/travel", data=TRIP).status_code == 303
    found = open_slots([consultant.id], at(2, 12), at(4, 12), 60)[consultant.id]
    assert [start for start in found if start.day == 3] == [at(3, hour, half) for hour in range(7)
            for half in (0, 30)] + [at(3, 7)]  # fmt: skip
    assert "In Tokyo, UTC+9" in browser.get("/availability").text
    [row] = session.scalars(select(Travel))
    browser.post(f"/availability/travel/{row.id}/removal")
    assert session.scalars(select(Travel)).all() == []


@pytest.mark.parametrize("where", ["absences", "travel"])
@pytest.mark.parametrize(
    "data, message",
    [({"first": "2026-11-30"}, None), ({"last": "2026-11-30"}, "from today on"),
     ({"first": "2026-12-05"}, "before the first"), ({"first": ""}, "Choose a date."),
     ({"first": "2026-12-01", "last": "2028-12-05"}, "a year at most"),
     ({"last": "3026-12-05"}, "before 2100"), ({"first": "2026-13-45"}, "Not a valid date"),
     ({"substitute": "me", "time_zone": "Mars/Base"}, "Not a valid choice"),
     ({"substitute": "00000000-0000-0000-0000-000000000001", "time_zone": ""}, "choice")],
)  # fmt: skip
def test_stretches_of_dates_have_to_make_sense(
    browser: FlaskClient, where: str, data: dict[str, str], message: str | None
) -> None:
    usual = AWAY if where == "absences" else TRIP
    answer = browser.post(
        f"/availability/{where}", data=usual | {k: data[k] for k in data if k in usual}
    )
    assert answer.status_code == (422 if message else 303)
    assert message is None or message in answer.text or "Choose a zone" in answer.text


@pytest.mark.parametrize(("where", "data"), [("absences", AWAY), ("travel", TRIP)])
def test_two_stretches_do_not_overlap(
    browser: FlaskClient, where: str, data: dict[str, str]
) -> None:
    browser.post(f"/availability/{where}", data=data)
    again = browser.post(f"/availability/{where}", data=data | {"last": "2026-12-09"})
    assert again.status_code == 422 and "on some of these days already" in again.text
    assert browser.post(
        f"/availability/{where}", data=data | {"first": "2026-12-05", "last": "2026-12-05"}
    ).status_code == 303  # fmt: skip


# -- rules -----------------------------------------------------------------------------------------


def test_rules_are_stored(browser: FlaskClient, consultant: Consultant) -> None:
    assert browser.post("/availability/rules", data=RULES).status_code == 303
    session.expire_all()
    rules = session.get_one(CalendarRules, consultant.id)
    kept = {name: str(getattr(rules, name)) for name in RULES if name != "country"}
    assert kept | {"country": consultant.country} == RULES
    browser.post("/availability/rules", data=RULES | {"per_day": "", "per_week": ""})
    session.expire_all()
    rules = session.get_one(CalendarRules, consultant.id)
    assert (rules.per_day, rules.per_week) == (None, None)


@pytest.mark.parametrize(
    "name, value",
    [("step", "0"), ("step", "x"), ("buffer_before", "-1"), ("horizon_days", "9" * 20),
     ("per_day", "0"), ("per_week", "many"), ("minimum_notice", ""), ("change_notice", "7"),
     ("country", "Atlantis")],
)  # fmt: skip
def test_wrong_rules_are_refused(
    browser: FlaskClient, consultant: Consultant, name: str, value: str
) -> None:
    answer = browser.post("/availability/rules", data=RULES | {name: value})
    assert answer.status_code == 422 and f'id="{name}-error"' in answer.text
    session.expire_all()
    assert session.get_one(CalendarRules, consultant.id).step == 30


def test_a_value_that_is_not_on_the_list_stays_as_it_is(
    browser: FlaskClient, consultant: Consultant
) -> None:
    session.get_one(CalendarRules, consultant.id).buffer_after = 17
    assert (
        '<option selected value="17">17 minutes</option>' in browser.get("/availability/rules").text
    )


def test_weekly_limits_close_the_week_that_is_full(consultant: Consultant) -> None:
    session.get_one(CalendarRules, consultant.id).per_week = 1
    made = make.engagement(consultant=consultant)
    Booking.schedule("review", made.id, [consultant], at(8, 10), 60, "UTC", "Review", "here", [])
    found = open_slots([consultant.id], at(2, 0), at(19, 0), 60)[consultant.id]
    assert {start.day for start in found} == {2, 3, 4, 14, 15, 16, 17, 18}
