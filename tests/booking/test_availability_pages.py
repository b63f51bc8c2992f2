"""A consultant's hours, dates and rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.booking.rows import at
from webapp.accounts.models import Person
from webapp.booking.coming_days import coming_days
from webapp.booking.hours_text import read_hours, write_hours
from webapp.booking.models import Booking, CalendarRules, DateOverride, WeeklyWindow, open_slots
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
HOSTILE = "<script>alert('x')</script>"
RULES = {"step": "60", "buffer_before": "5", "buffer_after": "10", "minimum_notice": "120",
         "horizon_days": "30", "per_day": "3"}  # fmt: skip


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant()


@pytest.fixture
def browser(sign_in: Callable[[Person], FlaskClient], consultant: Consultant) -> FlaskClient:
    return sign_in(consultant.person)


def weekly(consultant: Consultant) -> list[tuple[int, str, str]]:
    rows = select(WeeklyWindow.weekday, WeeklyWindow.starts, WeeklyWindow.ends).where(
        WeeklyWindow.consultant_id == consultant.id
    )
    return sorted(tuple(row) for row in session.execute(rows))  # type: ignore[misc]


@pytest.mark.parametrize(
    "text, pairs",
    [("", []), ("9:00-12:30, 13.30 – 17:00", [("09:00", "12:30"), ("13:30", "17:00")]),
     ("13:00-17:00; 08:00-12:00", [("08:00", "12:00"), ("13:00", "17:00")]),
     ("20:00-24:00", [("20:00", "24:00")]), ("22:00-02:00", [("22:00", "02:00")])],
)  # fmt: skip
def test_hours_are_read_as_people_write_them(text: str, pairs: list[tuple[str, str]]) -> None:
    assert read_hours(text) == pairs
    assert read_hours(write_hours(pairs)) == pairs


@pytest.mark.parametrize(
    "text",
    ["9-5", "25:00-26:00", "09:00-09:00", "09:60-10:00", "09:00-12:00, 11:00-13:00", "24:00-25:00",
     "22:00-02:00, 23:00-24:00", "٠٩:٠٠-١٢:٠٠", "09:00-1２:00", HOSTILE,
     ", ".join(["09:00-09:10"] * 7)],
)  # fmt: skip
def test_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_hours(text)


def test_weekly_hours_are_replaced(browser: FlaskClient, consultant: Consultant) -> None:
    answer = browser.post(
        "/availability/hours", data={"day_1": "09:00-12:00, 13:00-17:00", "day_0": "10:00-11:00"}
    )
    assert answer.status_code == 303
    assert weekly(consultant) == [
        (0, "10:00", "11:00"), (1, "09:00", "12:00"), (1, "13:00", "17:00"),
    ]  # fmt: skip
    page = browser.get("/availability").text
    assert "09:00-12:00, 13:00-17:00" in page


def test_wrong_hours_keep_what_was_typed_and_what_was_stored(
    browser: FlaskClient, consultant: Consultant
) -> None:
    before = weekly(consultant)
    answer = browser.post("/availability/hours", data={"day_1": "nine to five", "day_2": HOSTILE})
    assert answer.status_code == 422
    assert "nine to five" in answer.text and "Write hours like" in answer.text
    assert HOSTILE not in answer.text
    assert weekly(consultant) == before


def test_a_date_is_closed_changed_and_removed(browser: FlaskClient, consultant: Consultant) -> None:
    browser.post("/availability/dates", data={"on": "2026-12-03", "hours": "", "note": "Travel"})
    found = lambda: open_slots([consultant.id], at(3, 0), at(4, 0), 60)[consultant.id]  # noqa: E731
    assert found() == []
    browser.post("/availability/dates", data={"on": "2026-12-03", "hours": "12:00-13:00"})
    assert found() == [at(3, 12)]
    [row] = session.scalars(select(DateOverride))
    browser.post(f"/availability/dates/{row.id}/removal")
    assert len(found()) == 15


@pytest.mark.parametrize(
    "data, message",
    [({"on": "2026-11-30"}, "from today on"), ({"on": "soon"}, "Not a valid date"),
     ({}, "Choose a date."), ({"on": "2026-12-03", "hours": "x"}, "Write hours like"),
     ({"on": "2100-01-01"}, "before 2100"),
     ({"on": "2026-12-03", "note": "Travel\nhome"}, "one line"),
     ({"on": "2026-12-03", "note": "n" * 200}, "longer than")],
)  # fmt: skip
def test_wrong_dates_are_refused(browser: FlaskClient, data: dict[str, str], message: str) -> None:
    answer = browser.post("/availability/dates", data=data)
    assert answer.status_code == 422 and message in answer.text
    assert session.scalars(select(DateOverride)).all() == []


def test_a_leap_day_is_a_date(browser: FlaskClient) -> None:
    assert browser.post("/availability/dates", data={"on": "2028-02-29"}).status_code == 303
    assert session.scalars(select(DateOverride.on)).one() == date(2028, 2, 29)


def test_another_consultants_date_is_not_found(browser: FlaskClient) -> None:
    theirs = make.saved(
        DateOverride(consultant_id=make.consultant().id, on=date(2026, 12, 3), windows=[])
    )
    session.commit()
    assert browser.post(f"/availability/dates/{theirs.id}/removal").status_code == 404


def test_rules_are_stored(browser: FlaskClient, consultant: Consultant) -> None:
    assert browser.post("/availability/rules", data=RULES).status_code == 303
    session.expire_all()
    rules = session.get_one(CalendarRules, consultant.id)
    assert {name: str(getattr(rules, name)) for name in RULES} == RULES
    browser.post("/availability/rules", data=RULES | {"per_day": ""})
    session.expire_all()
    assert session.get_one(CalendarRules, consultant.id).per_day is None


@pytest.mark.parametrize(
    "name, value",
    [("step", "0"), ("step", "x"), ("buffer_before", "-1"), ("horizon_days", "9" * 20),
     ("per_day", "0"), ("minimum_notice", "")],
)  # fmt: skip
def test_wrong_rules_are_refused(
    browser: FlaskClient, consultant: Consultant, name: str, value: str
) -> None:
    answer = browser.post("/availability/rules", data=RULES | {name: value})
    assert answer.status_code == 422 and "whole number" in answer.text
    session.expire_all()
    assert session.get_one(CalendarRules, consultant.id).step == 30


def test_a_change_that_leaves_a_meeting_outside_warns(
    browser: FlaskClient, consultant: Consultant
) -> None:
    client = make.company(name="Larkspur")
    made = make.engagement(consultant=consultant, company=client)
    Booking.schedule(
        "review", made.id, [consultant], at(3, 10), 60, "UTC", "Review of Larkspur", "here", []
    )
    session.commit()
    assert "Booked outside your hours" not in browser.get("/availability").text
    browser.post("/availability/dates", data={"on": "2026-12-03"})
    page = browser.get("/availability").text
    assert "Booked outside your hours" in page and "review with Larkspur" in page


def test_a_public_holiday_is_shown_closed(
    consultant: Consultant, set_clock: Callable[[datetime], None]
) -> None:
    consultant.country = "GB"
    set_clock(at(21, 9))
    told = {day.label: day.hours for day in coming_days(consultant) if day.note}
    days = ("Fri 25 December", "Sat 26 December", "Mon 28 December", "Fri 1 January")
    assert told == dict.fromkeys(days, "Closed")


def test_the_coming_days_show_hours_and_open_starts(browser: FlaskClient) -> None:
    page = browser.get("/availability").text
    assert page.count("15 open starts") == 9
    assert "Sat 5 December" in page


def test_only_consultants_have_hours(sign_in: Callable[[Person], FlaskClient]) -> None:
    assert sign_in(make.person(make.Role.COORDINATOR)).get("/availability").status_code == 403
    without_profile = sign_in(make.person(make.Role.CONSULTANT))
    assert without_profile.get("/availability").status_code == 404
