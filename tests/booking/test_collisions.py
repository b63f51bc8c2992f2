"""Changes that collide with what is booked: shown and asked about before they are stored."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.booking.rows import at, claims
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.booking.models import (
    Absence,
    Booking,
    CalendarRules,
    DateOverride,
    Handover,
    Hold,
    Travel,
    WeeklyWindow,
)
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
AWAY = {"first": "2026-12-03", "last": "2026-12-04", "substitute": ""}
CLOSING: list[tuple[str, dict[str, str]]] = [
    ("dates", {"on": "2026-12-03", "kind": "off"}),
    ("hours", {"day_1-0-starts": "09:00", "day_1-0-ends": "17:00"}),
    ("absences", AWAY),
    ("travel", {"first": "2026-12-03", "last": "2026-12-03", "time_zone": "Asia/Tokyo"}),
]


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant()


@pytest.fixture
def browser(sign_in: Callable[[Person], FlaskClient], consultant: Consultant) -> FlaskClient:
    return sign_in(consultant.person)


def review(consultant: Consultant, day: int, hour: int, client: str = "Larkspur") -> Booking:
    made = make.engagement(consultant=consultant, company=make.company(name=client))
    who = [(consultant.person, "consultant")]
    return Booking.schedule(
        "review", made.id, [consultant], at(day, hour), 60, "UTC", "Review", "here", who
    )


def hidden(page: str) -> dict[str, list[str]]:
    """What the question sends along when it is answered with yes."""
    form = page[page.index('id="collisions"') :]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    return found


def stored() -> list[int]:
    """How many weekdays, dates, absences and trips there are."""
    nouns = (WeeklyWindow, DateOverride, Absence, Travel)
    return [session.scalar(select(func.count()).select_from(noun)) or 0 for noun in nouns]


@pytest.mark.parametrize(("where", "data"), CLOSING)
def test_a_change_that_collides_asks_first_and_stores_nothing_before(
    browser: FlaskClient, consultant: Consultant, where: str, data: dict[str, str]
) -> None:
    review(consultant, 3, 10)
    before = stored()
    asked = browser.post(f"/availability/{where}", data=data)
    assert asked.status_code == 409 and "Nothing is stored yet" in asked.text
    assert "review with Larkspur" in asked.text and "3 December 2026" in asked.text
    assert stored() == before
    saved = browser.post(f"/availability/{where}", data=hidden(asked.text))
    assert saved.status_code == 303 and stored() != before
    page = browser.get("/availability").text
    assert "Booked outside the hours" in page and "move it" in page
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "availability.changed"))
    assert [row.detail["collisions"] for row in event] == [1]


def test_removing_what_opened_a_day_asks_too(browser: FlaskClient, consultant: Consultant) -> None:
    opened = DateOverride(consultant_id=consultant.id, on=date(2026, 12, 5),
                          windows=[{"start": "09:00", "end": "12:00"}])  # fmt: skip
    make.saved(opened)
    review(consultant, 5, 10)
    url = f"/availability/dates/{opened.id}/removal"
    asked = browser.post(url)
    assert asked.status_code == 409
    assert browser.post(url, data=hidden(asked.text)).status_code == 303
    assert session.scalars(select(DateOverride)).all() == []


def test_a_country_whose_holiday_is_booked_asks_too(
    browser: FlaskClient, consultant: Consultant
) -> None:
    consultant.country = ""
    review(consultant, 25, 10)
    data = {"step": "30", "buffer_before": "0", "buffer_after": "15", "minimum_notice": "60",
            "horizon_days": "60", "change_notice": "1440", "country": "GB"}  # fmt: skip
    assert browser.post("/availability/rules", data=data).status_code == 409
    session.expire_all()
    assert (consultant.country, session.get_one(CalendarRules, consultant.id).step) == ("", 30)


def test_what_was_booked_after_the_question_is_asked_about_as_well(
    browser: FlaskClient, consultant: Consultant
) -> None:
    review(consultant, 3, 10)
    asked = browser.post("/availability/absences", data=AWAY)
    review(consultant, 4, 10, "Marigold")
    again = browser.post("/availability/absences", data=hidden(asked.text))
    assert again.status_code == 409 and "Marigold" in again.text
    assert browser.post("/availability/absences", data=hidden(again.text)).status_code == 303


def test_a_time_that_somebody_is_just_booking_is_a_collision(
    browser: FlaskClient, consultant: Consultant
) -> None:
    Hold.take(make.offering(days_per_month=0), consultant, at(3, 10), "UTC")
    asked = browser.post("/availability/dates", data=CLOSING[0][1])
    assert asked.status_code == 409 and "Somebody is booking this right now" in asked.text


def test_a_change_asks_only_about_what_it_puts_outside(
    browser: FlaskClient, consultant: Consultant
) -> None:
    review(consultant, 3, 10)
    asked = browser.post("/availability/dates", data=CLOSING[0][1])
    browser.post("/availability/dates", data=hidden(asked.text))
    other = {"on": "2026-12-04", "kind": "off"}
    assert browser.post("/availability/dates", data=other).status_code == 303


def test_the_substitute_takes_what_they_can_once_that_is_agreed(
    browser: FlaskClient, consultant: Consultant, drain: Callable[[], int]
) -> None:
    first, second = review(consultant, 3, 10), review(consultant, 4, 10, "Marigold")
    rosa = make.consultant()
    review(rosa, 4, 10, "Thistle")
    data = AWAY | {"substitute": str(rosa.id)}
    asked = browser.post("/availability/absences", data=data)
    assert f"{rosa.name} takes it" in asked.text and f"{rosa.name} is not free" in asked.text
    assert session.scalars(select(Handover)).all() == []
    answer = browser.post("/availability/absences", data=hidden(asked.text))
    assert answer.status_code == 303
    page = browser.get("/availability").text
    assert "One meeting handed to" in page and f"{rosa.name} stands in" in page
    assert "review with Marigold" in page and "review with Larkspur" not in page
    assert first.consultants == [rosa] and second.consultants == [consultant]
    [absence] = session.scalars(select(Absence))
    browser.post(f"/availability/absences/{absence.id}/return")
    assert first.consultants == [consultant] and session.scalars(select(Absence)).all() == []
    assert [start for _, start in claims(rosa)] == [at(4, 10)]


def test_nobody_ends_anothers_absence(browser: FlaskClient) -> None:
    theirs = make.saved(Absence(consultant=make.consultant(), first=date(2026, 12, 3),
                                last=date(2026, 12, 3)))  # fmt: skip
    session.commit()
    assert browser.post(f"/availability/absences/{theirs.id}/return").status_code == 404


def test_a_substitute_has_to_be_one_of_those_offered(
    browser: FlaskClient, consultant: Consultant
) -> None:
    other_role = make.consultant(roles=["integrator"])
    hidden_one = make.consultant(published=False)
    page = browser.get("/availability/absences").text
    for who in (consultant, other_role, hidden_one):
        assert f'value="{who.id}"' not in page
        data = AWAY | {"substitute": str(who.id)}
        assert browser.post("/availability/absences", data=data).status_code == 422
