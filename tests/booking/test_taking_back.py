"""Taking an entry of the calendar away asks first, says what will happen, and can be undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.booking.rows import at
from tests.booking.test_absences import review
from webapp.accounts.models import Person
from webapp.booking.forms.rules import RulesForm
from webapp.booking.hours.weeks import week_of
from webapp.booking.models import Absence, CalendarRules, DateOverride, Travel
from webapp.booking.models.substituting import hand_over
from webapp.booking.views.availability.undoing import sent_by
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
THURSDAY = date(2026, 12, 3)
ROWS = [
    ("dates", "removal", lambda who: DateOverride(consultant_id=who.id, on=THURSDAY, windows=[])),
    ("travel", "removal", lambda who: Travel(
        consultant_id=who.id, first=THURSDAY, last=THURSDAY, time_zone="Asia/Tokyo")),
    ("absences", "return", lambda who: Absence(
        consultant=who, first=THURSDAY, last=THURSDAY, note="Away")),
]  # fmt: skip


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant()


@pytest.fixture
def browser(sign_in: Callable[[Person], FlaskClient], consultant: Consultant) -> FlaskClient:
    return sign_in(consultant.person)


def undo_fields(page: str) -> tuple[str, dict[str, str]]:
    form = re.search(r'<form class="cluster" method="post" action="([^"]+)".*?</form>', page, re.S)
    assert form
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[0]))
    return form[1], {name: value for name, value in fields.items() if name != "csrf_token"}


def count(noun: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(noun)) or 0


@pytest.mark.parametrize(("part", "verb", "row"), ROWS)
def test_removing_asks_and_can_be_undone(
    browser: FlaskClient, consultant: Consultant, part: str, verb: str, row: Callable[..., object]
) -> None:
    entry = make.saved(row(consultant))
    session.commit()
    url = f"/availability/{part}/{entry.id}/{verb}"
    overview = browser.get("/availability").text
    assert f'href="{url}"' in overview and f'action="{url}"' not in overview
    asked = browser.get(url)
    assert asked.status_code == 200 and f'action="{url}"' in asked.text
    assert count(type(entry)) == 1
    answer = browser.post(url)
    assert count(type(entry)) == 0
    page = browser.get(answer.headers["Location"]).text
    assert "Put the" in page and "back</button>" in page
    to, fields = undo_fields(page)
    assert browser.post(to, data=fields).status_code == 303
    assert count(type(entry)) == 1


def test_what_becomes_of_handed_meetings_is_said_before_and_nothing_is_changed(
    browser: FlaskClient, consultant: Consultant
) -> None:
    substitute = make.consultant()
    booking = review(consultant, 3, 10)
    absence = make.saved(
        Absence(consultant=consultant, substitute=substitute, first=THURSDAY, last=THURSDAY)
    )
    assert hand_over(absence, [booking]) == [booking]
    session.commit()
    url = f"/availability/absences/{absence.id}/return"
    page = browser.get(url).text
    assert "comes back" in page and f"/meetings/{booking.id}" in page
    assert [who.id for who in booking.consultants] == [substitute.id] and count(Absence) == 1
    assert "undo=" not in browser.post(url).headers["Location"]
    session.expire_all()
    assert [who.id for who in booking.consultants] == [consultant.id]


def test_rules_can_be_brought_back_and_the_button_then_says_what_it_does(
    browser: FlaskClient, consultant: Consultant
) -> None:
    rules = session.get_one(CalendarRules, consultant.id)
    before = rules.buffer_before
    form = dict(sent_by(RulesForm.of(rules, consultant))) | {"buffer_before": "30"}
    assert before != 30
    page = browser.get(browser.post("/availability/rules", data=form).headers["Location"]).text
    assert "Bring back the rules of before" in page
    to, fields = undo_fields(page)
    again = browser.get(browser.post(to, data=fields).headers["Location"]).text
    session.refresh(rules)
    assert rules.buffer_before == before and "Put the changed rules back" in again


def test_bringing_hours_back_turns_the_button_round(browser: FlaskClient) -> None:
    answer = browser.post("/availability/hours", data={})
    to, fields = undo_fields(browser.get(answer.headers["Location"]).text)
    again = browser.get(browser.post(to, data=fields).headers["Location"]).text
    assert "Put the changed hours back" in again and "Bring back the hours of before" not in again


def test_working_on_a_holiday_starts_from_the_usual_hours(browser: FlaskClient) -> None:
    page = browser.get("/availability/dates?on=2026-12-25&work=y").text
    [chosen] = re.findall(r"<input[^>]*checked[^>]*>", page)
    assert 'value="hours"' in chosen
    assert 'value="09:00"' in page and 'value="17:00"' in page
    assert "work=y" in browser.get("/availability").text


def test_a_week_that_is_over_is_not_where_it_starts(
    consultant: Consultant, set_clock: Callable[[datetime], None]
) -> None:
    set_clock(at(6, 12))
    week = week_of(consultant, None)
    assert week.first == date(2026, 12, 7) and week.previous == date(2026, 11, 30)
    assert week_of(consultant, date(2026, 12, 6)).first == date(2026, 11, 30)


def test_what_collides_leads_to_its_meeting(browser: FlaskClient, consultant: Consultant) -> None:
    booking = review(consultant, 3, 10)
    session.commit()
    answer = browser.post("/availability/dates", data={"on": "2026-12-03", "kind": "off"})
    assert answer.status_code == 409 and f'href="/meetings/{booking.id}"' in answer.text
