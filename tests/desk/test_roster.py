"""The roster and the way home."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.counting import counting
from tests.desk import rows
from tests.desk.rows import DAY, HOUR
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.catalog.models import Consultant

SignIn = Callable[[Person], FlaskClient]
HOSTILE = "<script>alert(1)</script>&'\""


@pytest.mark.parametrize(
    ("roles", "home"),
    [
        ([Role.OWNER], "/practice"),
        ([Role.COORDINATOR], "/practice"),
        ([Role.FINANCE], "/practice"),
        ([Role.CONSULTANT], "/roster"),
        ([Role.OWNER, Role.CONSULTANT], "/practice"),
        ([Role.SPONSOR], "/client"),
        ([Role.OBSERVER], "/client"),
    ],
)
def test_home_is_where_the_work_is(
    app: object, sign_in: SignIn, roles: list[Role], home: str
) -> None:
    company = make.company() if roles[0] in {Role.SPONSOR, Role.OBSERVER} else None
    answer = sign_in(make.person(*roles, company=company)).get("/home")
    assert (answer.status_code, answer.headers["Location"]) == (302, home)


def test_a_visitor_signs_in_first(client: FlaskClient) -> None:
    assert "/sign-in" in client.get("/home").headers["Location"]
    assert "/sign-in" in client.get("/roster").headers["Location"]


@pytest.mark.parametrize("role", [Role.OWNER, Role.COORDINATOR, Role.FINANCE])
def test_the_roster_is_the_consultants_own(app: object, sign_in: SignIn, role: Role) -> None:
    assert sign_in(make.person(role)).get("/roster").status_code == 403


def test_a_new_consultant_finds_it_calm(app: object, sign_in: SignIn) -> None:
    page = sign_in(make.consultant().person).get("/roster").text
    assert "No clients yet" in page and "/availability" in page
    assert "What needs you" not in page


def test_clients_with_stage_next_meeting_and_payment(app: object, sign_in: SignIn) -> None:
    engagement = client_of(make.consultant(), "Harbor Ltd")
    starts = clock.now().replace(minute=0, second=0, microsecond=0) + 9 * DAY
    rows.meeting(
        engagement, starts - clock.now(), "review", starts_at=starts, ends_at=starts + HOUR
    )
    rows.invoice(engagement)
    page = sign_in(rows.lead(engagement)).get("/roster").text
    assert "Harbor Ltd" in page and f"/engagements/{engagement.id}" in page
    assert "Active" in page and "Paid" in page
    assert starts.isoformat() in page and "(London, UTC" in page


def test_needs_stand_above_with_their_way_out(app: object, sign_in: SignIn) -> None:
    engagement = client_of(make.consultant(), "Harbor Ltd", "onboarding")
    rows.meeting(engagement, -2 * HOUR)
    page = sign_in(rows.lead(engagement)).get("/roster").text
    assert "What needs you today" in page
    assert "How did the kick-off with Harbor Ltd go?" in page
    assert f"/engagements/{engagement.id}/kickoff" in page


def test_only_own_clients_and_only_those_under_way(app: object, sign_in: SignIn) -> None:
    consultant = make.consultant()
    client_of(consultant, "Under Way Ltd")
    client_of(consultant, "Over Ltd", "ended")
    client_of(consultant, "Unpaid Ltd", "signed")
    client_of(make.consultant(), "Elsewhere Ltd")
    browser = sign_in(consultant.person)
    page = browser.get("/roster").text
    assert "Under Way Ltd" in page
    assert not [name for name in ("Over Ltd", "Unpaid Ltd", "Elsewhere Ltd") if name in page]
    assert "Over Ltd" in browser.get("/roster?past=1").text


def test_hostile_names_are_escaped(app: object, sign_in: SignIn) -> None:
    engagement = client_of(make.consultant(), HOSTILE, "onboarding")
    rows.step(engagement)
    page = sign_in(rows.lead(engagement)).get("/roster").text
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_the_same_statements_for_one_client_and_three(app: object, sign_in: SignIn) -> None:
    assert statements(sign_in, 1) == statements(sign_in, 3)


def test_a_long_roster_comes_in_pages(
    app: object, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.paging.paged.__defaults__", (2,))
    consultant = make.consultant()
    for name in ("Alder Ltd", "Birch Ltd", "Cedar Ltd"):
        client_of(consultant, name)
    browser = sign_in(consultant.person)
    assert "Cedar Ltd" not in browser.get("/roster").text
    assert "Cedar Ltd" in browser.get("/roster?page=2").text


def client_of(consultant: Consultant, name: str, stage: str = "active") -> rows.Engagement:
    return make.engagement(stage, consultant=consultant, company=make.company(name=name))


def statements(sign_in: SignIn, clients: int) -> int:
    """How many statements the roster takes with so many clients, each with all there is."""
    consultant = make.consultant()
    for number in range(clients):
        engagement = client_of(consultant, f"Client {number}")
        rows.meeting(engagement, 3 * DAY, "review")
        rows.invoice(engagement)
        rows.step(engagement)
        rows.subscription(engagement, clock.now() + 20 * DAY)
    browser = sign_in(consultant.person)
    with counting() as sent:
        assert browser.get("/roster").status_code == 200
    return len(sent)
