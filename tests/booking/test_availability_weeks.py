"""The weeks of a consultant's calendar as they come out, and who may see and change them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from tests import make
from tests.booking.hours_sent import day, weekly
from tests.mail import Mailbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.booking.hours.weeks import week_of
from webapp.booking.models import DateOverride, Travel
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def consultant(app: object) -> Consultant:
    return make.consultant()


@pytest.fixture
def browser(sign_in: Callable[[Person], FlaskClient], consultant: Consultant) -> FlaskClient:
    return sign_in(consultant.person)


# -- the weeks that result -------------------------------------------------------------------------


def test_public_holidays_are_closed_and_named(consultant: Consultant) -> None:
    consultant.country = "GB"
    days = {day.on.day: day for day in week_of(consultant, date(2026, 12, 25)).days}
    assert days[25].hours == [] and ("Christmas Day", "neutral") in days[25].notes
    assert days[24].hours == ["09:00 – 17:00"] and days[24].starts == 15


def test_the_week_can_be_paged_through_within_reason(browser: FlaskClient) -> None:
    page = browser.get("/availability").text
    assert "30 November – 6 December 2026" in page and page.count("15</span> open starts") == 3
    assert "week=2026-12-07" in page and "Earlier" not in page
    later = browser.get("/availability?week=2026-12-09").text
    assert "7 December – 13 December 2026" in later and "week=2026-11-30" in later
    for odd in ("1999-01-01", "soon", "2099-12-31", "9999-12-31", "0001-01-01", HOSTILE):
        assert browser.get("/availability", query_string={"week": odd}).status_code == 200
    assert "Not open to booking yet" in browser.get("/availability?week=2027-06-01").text


def test_another_consultants_entries_are_not_found(browser: FlaskClient) -> None:
    other = make.consultant().id
    date_row = make.saved(DateOverride(consultant_id=other, on=date(2026, 12, 3), windows=[]))
    trip = make.saved(Travel(consultant_id=other, first=date(2026, 12, 3), last=date(2026, 12, 3),
                             time_zone="Asia/Tokyo"))  # fmt: skip
    session.commit()
    for path in (f"dates/{date_row.id}/removal", f"travel/{trip.id}/removal"):
        assert browser.post(f"/availability/{path}").status_code == 404


# -- who may ---------------------------------------------------------------------------------------

PAGES = ("", "/hours", "/dates", "/absences", "/travel", "/rules")


def test_only_consultants_and_their_firm_edit_hours(
    sign_in: Callable[[Person], FlaskClient], consultant: Consultant
) -> None:
    theirs = f"/consultants/{consultant.id}/availability"
    coordinator = sign_in(make.person(Role.COORDINATOR))
    colleague = sign_in(make.consultant().person)
    finance = sign_in(make.person(Role.FINANCE))
    without_profile = sign_in(make.person(Role.CONSULTANT))
    for page in PAGES:
        assert coordinator.get("/availability" + page).status_code == 403
        assert without_profile.get("/availability" + page).status_code == 404
        assert coordinator.get(theirs + page).status_code == 200
        assert colleague.get(theirs + page).status_code == 404
        assert finance.get(theirs + page).status_code == 403
    assert colleague.post(theirs + "/hours", data={}).status_code == 404


def test_the_firm_edits_for_a_consultant_who_is_told_and_both_is_written_down(
    sign_in: Callable[[Person], FlaskClient],
    consultant: Consultant,
    drain: Callable[[], int],
    mailbox: Mailbox,
) -> None:
    coordinator = sign_in(make.person(Role.COORDINATOR))
    theirs = f"/consultants/{consultant.id}/availability"
    assert f"Availability of {consultant.name}" in coordinator.get(theirs).text
    answer = coordinator.post(theirs + "/hours", data=MultiDict(day(2, ("10:00", "11:00"))))
    assert answer.headers["Location"].startswith(theirs + "?undo=")
    assert weekly(consultant) == [(2, "10:00", "11:00")]
    drain()
    assert mailbox.subjects == ["The firm changed your weekly hours"]
    assert mailbox.to(consultant.person.email)
    rows = session.scalars(select(AuditEvent).where(AuditEvent.action.like("availability.%")))
    assert {row.action for row in rows} == {"availability.looked_at", "availability.changed"}
    assert coordinator.get(f"/consultants/{make.saved(make.consultant()).id}").status_code == 404
