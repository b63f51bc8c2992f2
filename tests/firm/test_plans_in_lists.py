"""Lists name the plan of the terms that hold now: not the one first booked, nor one to come."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from tests import make
from tests.standin import visible
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.engagements.models import Engagement

SignIn = Callable[[Person], FlaskClient]
NOW, BEFORE, LATER = "COO, eight days a month", "COO, four days a month", "Integrator, two days"


def changed(**values: object) -> Engagement:
    offered = make.offering(name=BEFORE)
    return make.on_another_plan(NOW, planned=LATER, offering=offered, **values)


def assert_plan_of_now(page: str) -> None:
    shown = visible(page)
    assert NOW in shown and BEFORE not in shown and LATER not in shown


def test_the_practice_list(app: object, sign_in: SignIn) -> None:
    changed()
    assert_plan_of_now(sign_in(make.person(Role.FINANCE)).get("/practice").text)


def test_the_roster_and_the_consultants_payouts(app: object, sign_in: SignIn) -> None:
    lead = changed().assignments[0].consultant
    assert_plan_of_now(sign_in(lead.person).get("/roster").text)
    owner = sign_in(make.person(Role.OWNER))
    assert_plan_of_now(owner.get(f"/practice/payouts/{lead.id}").text)


def test_a_client_with_two_engagements(app: object, sign_in: SignIn) -> None:
    first = changed()
    changed(company=first.company, sponsor=first.sponsor)
    assert first.sponsor
    assert_plan_of_now(sign_in(first.sponsor).get("/client").text)
