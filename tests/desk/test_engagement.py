"""The engagement's page: who sees it, and what everybody sees."""

from __future__ import annotations

import uuid

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.counting import counting
from tests.desk import rows
from tests.desk.conftest import (
    HOSTILE,
    SignIn,
    View,
    full,
    member,
)
from tests.desk.rows import DAY, HOUR, lead
from webapp.access import CLIENT, FIRM, Role
from webapp.audit import AuditEvent
from webapp.db import session

# -- who sees it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(CLIENT))
def test_another_companys_is_not_there(app: object, sign_in: SignIn, role: Role) -> None:
    engagement = full()
    stranger = sign_in(make.person(role, company=make.company()))
    assert stranger.get(f"/engagements/{engagement.id}").status_code == 404
    assert stranger.get(f"/engagements/{uuid.uuid4()}").status_code == 404


def test_another_consultants_is_not_there(app: object, sign_in: SignIn) -> None:
    browser = sign_in(make.consultant().person)
    assert browser.get(f"/engagements/{full().id}").status_code == 404


def test_visitors_sign_in_first(client: FlaskClient, app: object) -> None:
    assert "/sign-in" in client.get(f"/engagements/{full().id}").headers["Location"]


@pytest.mark.parametrize("role", sorted(FIRM))
def test_a_look_by_the_firm_is_written_down(view: View, role: Role) -> None:
    engagement, looker = full(), make.person(role)
    view(looker, engagement)
    looked = select(AuditEvent).where(AuditEvent.action == "engagement.viewed")
    [event] = session.scalars(looked)
    assert (event.actor_id, event.subject) == (looker.id, f"engagement:{engagement.id}")


def test_a_partys_own_look_is_not(view: View) -> None:
    engagement = full()
    view(lead(engagement), engagement), view(member(engagement, Role.SPONSOR), engagement)
    looks = select(func.count()).where(AuditEvent.action == "engagement.viewed")
    assert session.scalar(looks) == 0


# -- what everybody sees ---------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SPONSOR, Role.OBSERVER, Role.OWNER, Role.CONSULTANT])
def test_meetings_steps_and_story(view: View, role: Role) -> None:
    engagement = full()
    persons = {Role.CONSULTANT: lead(engagement), Role.OWNER: make.person(Role.OWNER)}
    page = view(persons.get(role) or member(engagement, role), engagement)
    assert "Monthly review" in page and "Kickoff with the client" in page
    assert "Give access" in page and "0 of 2" in page
    assert "https://meet.example.com/room" in page
    # It names the prices, which a client's observer does not see.
    assert (f"/engagements/{engagement.id}/agreement" in page) is (role != Role.OBSERVER)


def test_instants_are_told_in_the_readers_zone(view: View) -> None:
    engagement = full()
    sponsor = member(engagement, Role.SPONSOR)
    sponsor.time_zone = "Asia/Kolkata"
    assert "(Kolkata, UTC+5:30)" in view(sponsor, engagement)


def test_the_client_reads_what_was_bought_the_consultant_for_whom(view: View) -> None:
    engagement = full()
    assert engagement.company is not None
    assert f"<h1>{engagement.title}</h1>" in view(member(engagement, Role.LEADER), engagement)
    assert f"<h1>{engagement.company.name}</h1>" in view(lead(engagement), engagement)


def test_hostile_text_is_escaped_and_no_link(view: View) -> None:
    engagement = make.engagement("active", company=make.company(name=HOSTILE))
    rows.meeting(engagement, DAY, title=HOSTILE, place="javascript:alert(1)")
    rows.step(engagement, title=HOSTILE)
    rows.invoice(engagement, "open", attempts=1, hosted_url="javascript:alert(1)", number=HOSTILE)
    rows.review(engagement, note=HOSTILE)
    for person in (lead(engagement), make.person(Role.OWNER), member(engagement, Role.SPONSOR)):
        page = view(person, engagement)
        assert "<img" not in page and 'href="javascript:' not in page


# -- reviews ---------------------------------------------------------------------------------------


def test_a_review_that_is_over_asks_its_consultant_to_record_it(view: View) -> None:
    engagement = make.engagement("active")
    review = rows.review(engagement, rows.meeting(engagement, -2 * HOUR, "review"))
    assert f"/reviews/{review.id}" in view(lead(engagement), engagement)
    assert "How did the review go?" not in view(member(engagement, Role.SPONSOR), engagement)


def test_reviews_that_are_over_stay_within_reach(view: View) -> None:
    engagement = make.engagement("active")
    held = rows.review(engagement, rows.meeting(engagement, -DAY, "review", state="held"))
    held.state = "held"
    page = view(member(engagement, Role.OBSERVER), engagement)
    assert f"/reviews/{held.id}" in page and "January 2026" in page


def test_calendar_files_are_for_those_who_attend(view: View) -> None:
    engagement = make.engagement("onboarding")
    booked = rows.meeting(engagement, 5 * DAY)
    address = f"/meetings/{booked.id}.ics"
    for person in (lead(engagement), engagement.sponsor, make.person(Role.FINANCE)):
        assert person and address in view(person, engagement)
    assert address not in view(member(engagement, Role.LEADER), engagement)


def test_a_long_story_folds_its_beginning(view: View) -> None:
    engagement = make.engagement("active")
    for number in range(25):
        rows.meeting(
            engagement, -(number + 1) * DAY, "review", state="held", title=f"Review {number}"
        )
    page = view(lead(engagement), engagement)
    assert "<details" in page and "17 earlier entries" in page
    latest = page.rindex('class="is-now"')
    assert page.count('class="is-now"') == 1 and "Review 0" in page[latest:]


def test_the_same_statements_however_much_there_is(app: object, sign_in: SignIn) -> None:
    assert statements(sign_in, 1) == statements(sign_in, 3)


def statements(sign_in: SignIn, times: int) -> int:
    engagement = full()
    for number in range(times):
        booked = rows.meeting(engagement, (number + 6) * DAY, "review")
        rows.review(engagement, booked, month=f"2026-0{number + 2}-01")
        rows.step(engagement), rows.invoice(engagement)
    browser = sign_in(lead(engagement))
    with counting() as sent:
        assert browser.get(f"/engagements/{engagement.id}").status_code == 200
    return len(sent)
