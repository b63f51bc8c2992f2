"""What each person may do from the engagement's page."""

from __future__ import annotations

import pytest

from tests import make
from tests.desk import rows
from tests.desk.conftest import (
    SignIn,
    View,
    member,
    offers,
    someone,
)
from tests.desk.rows import DAY, HOUR, lead
from webapp import clock
from webapp.access import Role
from webapp.db import session


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.SPONSOR, {"step", "cancel", "billing", "move", "invoices"}),
        (Role.LEADER, {"step"}),
        (Role.BILLING, {"billing", "invoices"}),
        (Role.OBSERVER, set()),
        (Role.OWNER, {"cancel", "move", "invoices"}),
        (Role.COORDINATOR, {"cancel", "move", "invoices"}),
        (Role.FINANCE, {"invoices"}),
        (Role.CONSULTANT, {"step", "move"}),
    ],
)
def test_doors_before_the_kickoff(view: View, role: Role, expected: set[str]) -> None:
    engagement = make.engagement("onboarding")
    rows.meeting(engagement, 5 * DAY)
    rows.step(engagement, "client"), rows.invoice(engagement), rows.card(engagement)
    page = view(someone(engagement, role), engagement)
    assert offers(page, engagement) == expected


def test_a_kickoff_that_is_over_can_still_be_opened(view: View) -> None:
    engagement = make.engagement("onboarding")
    kickoff = rows.meeting(engagement, -40 * DAY)
    page = view(lead(engagement), engagement)
    assert f'href="/meetings/{kickoff.id}"' in page and "Not recorded yet" in page
    assert "kickoff" in offers(page, engagement)
    kickoff.state = "missed"
    session.flush()
    page = view(lead(engagement), engagement)
    assert f'href="/meetings/{kickoff.id}"' in page and ">Missed<" in page
    assert "kickoff" not in offers(page, engagement)


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.CONSULTANT, True), (Role.COORDINATOR, True), (Role.OWNER, True),
     (Role.FINANCE, False), (Role.SPONSOR, False)],
)  # fmt: skip
def test_the_kickoff_is_recorded_by_those_who_run_it(view: View, role: Role, may: bool) -> None:
    engagement = make.engagement("onboarding")
    rows.meeting(engagement, -2 * HOUR)
    found = offers(view(someone(engagement, role), engagement), engagement)
    assert ("kickoff" in found) is may
    assert "cancel" not in found


def test_clients_tick_their_own_steps_only(view: View) -> None:
    engagement = make.engagement("onboarding")
    rows.meeting(engagement, 5 * DAY)
    theirs, ours = rows.step(engagement, "client"), rows.step(engagement, "consultant")
    page = view(member(engagement, Role.LEADER), engagement)
    assert f"/steps/{theirs.id}" in page and f"/steps/{ours.id}" not in page
    page = view(lead(engagement), engagement)
    assert f"/steps/{theirs.id}" in page and f"/steps/{ours.id}" in page


def test_a_sponsor_of_one_company_who_observes_another_only_reads_there(view: View) -> None:
    engagement = make.engagement("onboarding")
    rows.meeting(engagement, 5 * DAY)
    rows.step(engagement, "client"), rows.card(engagement)
    person = member(engagement, Role.OBSERVER)
    make.saved(person.join(Role.SPONSOR, make.company()))
    assert offers(view(person, engagement), engagement) == set()


def test_an_open_step_past_its_date_is_overdue(view: View) -> None:
    engagement = make.engagement("onboarding")
    late = rows.step(engagement, "client", due_on=clock.now().date() - 3 * DAY)
    rows.step(engagement, "client", due_on=clock.now().date() + 3 * DAY)
    person = member(engagement, Role.LEADER)
    assert view(person, engagement).count("Overdue") == 1
    late.complete(person)
    assert "Overdue" not in view(person, engagement)


def test_done_steps_can_be_opened_again(app: object, sign_in: SignIn, view: View) -> None:
    engagement = make.engagement("onboarding")
    step = rows.step(engagement, "client")
    browser = sign_in(member(engagement, Role.SPONSOR))
    address = f"/engagements/{engagement.id}/steps/{step.id}"
    assert browser.post(address).status_code == 303
    assert step.done and "1 of 1" in view(lead(engagement), engagement)
    assert 'name="undo"' in browser.get(f"/engagements/{engagement.id}").text
    assert browser.post(address, data={"undo": "1"}).status_code == 303
    assert not step.done
