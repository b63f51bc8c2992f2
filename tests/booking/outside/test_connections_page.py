"""The page on which a consultant connects calendars: read at once, or not stored at all."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.booking.outside.conftest import QUARTER
from tests.booking.outside.servers import CalendarServer, event, ics
from tests.counting import counting
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.booking.outside.models import OutsideBusy, OutsideCalendar
from webapp.booking.outside.subscribing import MOST_CALENDARS, subscribe
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
SignIn = Callable[[Person], FlaskClient]
Work = Callable[[], None]
After = Callable[[timedelta], None]
PAGE = "/calendar/connections"
DENTIST = event("d", "20261203T100000Z", "20261203T113000Z", "SUMMARY:Dentist, alone")


@pytest.fixture
def consultant(server: CalendarServer) -> Consultant:
    server.files["/private-7b2f/work.ics"] = ics(DENTIST)
    return make.consultant(slug="vera")


@pytest.fixture
def browser(consultant: Consultant, sign_in: SignIn) -> FlaskClient:
    return sign_in(consultant.person)


def secret_url(server: CalendarServer) -> str:
    return server.url("/private-7b2f/work.ics")


def connect(browser: FlaskClient, address: str, name: str = "Work") -> str:
    return browser.post(PAGE, data={"name": name, "address": address}).get_data(as_text=True)


def stored() -> list[OutsideCalendar]:
    session.expire_all()
    return list(session.scalars(select(OutsideCalendar)))


def test_a_calendar_is_read_and_connected(browser: FlaskClient, server: CalendarServer) -> None:
    answer = browser.post(PAGE, data={"name": "Work", "address": secret_url(server)})
    assert (answer.status_code, answer.location) == (303, PAGE)
    page = browser.get(PAGE).get_data(as_text=True)
    assert "Work is connected" in page
    assert "1 busy time ahead" in page
    assert "Dentist" not in page


def test_webcal_is_https(browser: FlaskClient) -> None:
    page = connect(browser, "webcal://127.0.0.1/work.ics")
    assert "private network" in page


def test_its_address_is_never_shown_again_and_lies_sealed(
    browser: FlaskClient, server: CalendarServer
) -> None:
    connect(browser, secret_url(server))
    (calendar,) = stored()
    assert calendar.address == "127.0.0.1"
    assert "7b2f" not in str([calendar.secret, calendar.name, calendar.validators])
    assert "7b2f" not in browser.get(PAGE).get_data(as_text=True)
    written = session.execute(select(AuditEvent.detail, AuditEvent.subject)).all()
    assert "7b2f" not in str(written)
    assert "calendar.connected" in session.scalars(select(AuditEvent.action)).all()


@pytest.mark.parametrize(
    ("address", "words"),
    [("", "Paste the calendar"), ("work.ics", "must begin with https://"),
     ("https://vera:pass@example.com/a.ics", "user name and password"),
     ("http://127.0.0.1:1234/a.ics", "private network"), ("https://1.1.1.1:22/a", "port 22"),
     ("x" * 3000, "too long")],
)  # fmt: skip
def test_what_cannot_be_read_is_said_beside_the_field_and_kept(
    browser: FlaskClient, address: str, words: str
) -> None:
    answer = browser.post(PAGE, data={"name": "Work", "address": address})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    field = page[page.index('name="address"') - 600 : page.index('name="address"') + 3800]
    assert words in field and 'aria-invalid="true"' in field
    assert 'value="Work"' in page
    assert stored() == []


@pytest.mark.parametrize(
    ("answered", "words"),
    [(404, "no calendar at that address"), (401, "does not let us read"), (403, "is it shared"),
     (500, "out of order"), (429, "out of order"), (418, "gave no calendar"),
     (b"<html>Sign in first</html>", "not a calendar file")],
)  # fmt: skip
def test_a_first_read_that_fails_connects_nothing(
    browser: FlaskClient, server: CalendarServer, answered: object, words: str
) -> None:
    server.files["/work.ics"] = answered
    assert words in connect(browser, server.url())
    assert stored() == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb", "…"])
def test_a_name_is_wanted(browser: FlaskClient, server: CalendarServer, name: str) -> None:
    answer = browser.post(PAGE, data={"name": name, "address": secret_url(server)})
    assert answer.status_code == 422
    assert server.asked == []
    assert stored() == []


def test_a_hostile_name_is_text(browser: FlaskClient, server: CalendarServer) -> None:
    connect(browser, secret_url(server), "<script>alert(1)</script>")
    page = browser.get(PAGE).get_data(as_text=True)
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


def test_the_same_calendar_twice_is_refused(browser: FlaskClient, server: CalendarServer) -> None:
    connect(browser, secret_url(server))
    assert "connected already" in connect(browser, secret_url(server), "Again")
    assert len(stored()) == 1


def test_there_is_a_most(browser: FlaskClient, server: CalendarServer) -> None:
    for number in range(MOST_CALENDARS + 1):
        server.files[f"/{number}.ics"] = ics()
        page = connect(browser, server.url(f"/{number}.ics"), f"Number {number}")
    assert "the most there can be" in page
    assert len(stored()) == MOST_CALENDARS


def test_read_now(browser: FlaskClient, server: CalendarServer) -> None:
    connect(browser, secret_url(server))
    (calendar,) = stored()
    where = f"{PAGE}/{calendar.id}/reading"
    server.files["/private-7b2f/work.ics"] = ics(
        DENTIST, event("e", "20261204T100000Z", "20261204T110000Z")
    )
    assert browser.post(where).status_code == 303
    assert "Work has been read." in browser.get(PAGE).get_data(as_text=True)
    assert session.scalar(select(func.count()).select_from(OutsideBusy)) == 2
    server.files["/private-7b2f/work.ics"] = 500
    browser.post(where)
    page = browser.get(PAGE).get_data(as_text=True)
    assert "Could not be read" in page and "it answered 500" in page


def test_removed_its_time_is_free_again(browser: FlaskClient, server: CalendarServer) -> None:
    connect(browser, secret_url(server))
    (calendar,) = stored()
    assert browser.post(f"{PAGE}/{calendar.id}/removal").status_code == 303
    assert stored() == []
    assert session.scalar(select(func.count()).select_from(OutsideBusy)) == 0
    assert "calendar.disconnected" in session.scalars(select(AuditEvent.action)).all()


@pytest.mark.parametrize("what", ["reading", "removal"])
def test_anothers_calendar_does_not_exist(
    browser: FlaskClient, server: CalendarServer, sign_in: SignIn, what: str
) -> None:
    connect(browser, secret_url(server))
    (calendar,) = stored()
    other = sign_in(make.consultant().person)
    assert other.post(f"{PAGE}/{calendar.id}/{what}").status_code == 404
    assert other.post(f"{PAGE}/{uuid.uuid4()}/{what}").status_code == 404
    assert "Work" not in re.sub(r"(?s)<form.*?</form>", "", other.get(PAGE).get_data(as_text=True))
    assert len(stored()) == 1


@pytest.mark.parametrize("role", [Role.OWNER, Role.COORDINATOR, Role.SPONSOR])
def test_nobody_but_consultants_connects(
    server: CalendarServer, sign_in: SignIn, role: Role
) -> None:
    company = make.company() if role == Role.SPONSOR else None
    browser = sign_in(make.person(role, company=company))
    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, data={"name": "A", "address": server.url()}).status_code == 403
    assert server.asked == []


def test_a_removed_calendar_keeps_nothing_hidden(
    browser: FlaskClient, consultant: Consultant, server: CalendarServer, after: After,
    read_all: Work,
) -> None:  # fmt: skip
    connect(browser, secret_url(server))
    server.files["/private-7b2f/work.ics"] = 500
    for _ in range(9):
        after(QUARTER)
        read_all()
    assert "Your times are hidden" in browser.get("/roster").get_data(as_text=True)
    assert "Your times are hidden" in browser.get("/availability").get_data(as_text=True)
    (calendar,) = stored()
    browser.post(f"{PAGE}/{calendar.id}/removal")
    assert "Your times are hidden" not in browser.get("/availability").get_data(as_text=True)


def test_its_owner_reads_which_calendar_takes_what_and_the_firm_does_not(
    browser: FlaskClient, consultant: Consultant, server: CalendarServer, sign_in: SignIn
) -> None:
    server.files["/private-7b2f/work.ics"] = ics(
        DENTIST, "UID:a\nDTSTART;VALUE=DATE:20261205\nDTEND;VALUE=DATE:20261207"
    )
    connect(browser, secret_url(server), "Family")
    own = browser.get("/availability?week=2026-11-30").get_data(as_text=True)
    assert "10:00 – 11:30" in own and "Busy: Family" in own and own.count("All day") == 2
    firm = sign_in(make.person(Role.COORDINATOR))
    address = f"/consultants/{consultant.id}/availability?week=2026-11-30"
    theirs = firm.get(address).get_data(as_text=True)
    assert "Busy elsewhere" in theirs and "Family" not in theirs and "Dentist" not in theirs


def test_the_list_costs_the_same_for_one_and_three(
    browser: FlaskClient, consultant: Consultant, server: CalendarServer
) -> None:
    def cost() -> int:
        with counting() as queries:
            assert browser.get(PAGE).status_code == 200
        return len(queries)

    subscribe(consultant, "One", secret_url(server))
    session.commit()
    browser.get(PAGE)
    one = cost()
    for name in ("two", "three"):
        server.files[f"/{name}.ics"] = ics(DENTIST)
        subscribe(consultant, name, server.url(f"/{name}.ics"))
    session.commit()
    assert cost() == one
