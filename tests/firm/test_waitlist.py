"""The back office's list of those who wait."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.counting import counting
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.booking.models import WaitlistEntry
from webapp.db import session

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def entry(app: object) -> WaitlistEntry:
    ada = make.consultant(person=make.person(Role.CONSULTANT, name="Ada Stone"))
    made: WaitlistEntry = make.saved(
        WaitlistEntry(
            offering_id=make.offering(name="COO, four days").id, consultant_ids=[ada.id],
            name="Ben Ode", email="ben@example.com", time_zone="Europe/London",
            state="waiting", joined_at=clock.now(), offers=0,
        )
    )  # fmt: skip
    session.commit()
    return made


def test_the_firm_sees_who_waits_for_whom(sign_in: SignIn, entry: WaitlistEntry) -> None:
    shown = sign_in(make.person(Role.FINANCE)).get("/practice/waitlist").text
    assert "Ben Ode" in shown and "Ada Stone" in shown and "COO, four days" in shown
    assert ">Remove<" not in shown


def test_the_list_is_narrowed(sign_in: SignIn, entry: WaitlistEntry) -> None:
    browser = sign_in(make.person(Role.COORDINATOR))
    assert "Ben Ode" in browser.get("/practice/waitlist?q=ode").text
    assert "Ben Ode" not in browser.get("/practice/waitlist?q=nobody").text
    assert "Ben Ode" not in browser.get("/practice/waitlist?state=left").text


def test_a_coordinator_takes_somebody_off_and_it_is_audited(
    sign_in: SignIn, entry: WaitlistEntry
) -> None:
    browser = sign_in(make.person(Role.COORDINATOR))
    assert browser.post(f"/practice/waitlist/{entry.id}/remove").status_code == 303
    assert session.get_one(WaitlistEntry, entry.id).state == "left"
    removed = select(func.count()).where(AuditEvent.action == "waitlist.removed")
    assert session.scalar(removed) == 1
    assert browser.post(f"/practice/waitlist/{entry.id}/remove").status_code == 409


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CONSULTANT, Role.OBSERVER])
def test_others_take_nobody_off(sign_in: SignIn, entry: WaitlistEntry, role: Role) -> None:
    company = make.company() if role == Role.OBSERVER else None
    browser = sign_in(make.person(role, company=company))
    assert browser.post(f"/practice/waitlist/{entry.id}/remove").status_code == 403
    assert session.get_one(WaitlistEntry, entry.id).state == "waiting"


def test_a_consultant_sees_how_many_wait(sign_in: SignIn, entry: WaitlistEntry) -> None:
    [ada] = entry.team
    assert "1 person waits in line for you" in sign_in(ada.person).get("/roster").text
    other = make.consultant(person=make.person(Role.CONSULTANT))
    assert "in line for you" not in sign_in(other.person).get("/roster").text


def test_a_long_list_takes_no_more_queries(sign_in: SignIn, entry: WaitlistEntry) -> None:
    browser = sign_in(make.person(Role.COORDINATOR))

    def sent() -> int:
        with counting() as statements:
            assert browser.get("/practice/waitlist").status_code == 200
        return len(statements)

    few = sent()
    for number in range(5):
        ada = make.consultant()
        make.saved(
            WaitlistEntry(
                offering_id=entry.offering_id, consultant_ids=[ada.id], name=f"P{number}",
                email=f"p{number}@example.com", time_zone="Europe/London", state="waiting",
                joined_at=clock.now(), offers=0,
            )
        )  # fmt: skip
    session.commit()
    assert sent() <= few
