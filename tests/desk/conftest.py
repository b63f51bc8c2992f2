"""The page of an engagement, as each person reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.desk import rows
from tests.desk.rows import DAY, lead
from webapp import clock
from webapp.access import CLIENT, Role
from webapp.accounts.models import Person
from webapp.engagements.models import Agreement, Engagement
from webapp.engagements.models.agreement import hash_of

SignIn = Callable[[Person], FlaskClient]
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def view(app: object, sign_in: SignIn) -> Callable[[Person, Engagement], str]:
    def page(person: Person, engagement: Engagement) -> str:
        answer = sign_in(person).get(f"/engagements/{engagement.id}")
        assert answer.status_code == 200
        return answer.text

    return page


View = Callable[[Person, Engagement], str]


def member(engagement: Engagement, role: Role) -> Person:
    return make.person(role, company=engagement.company)


def full(stage: str = "active") -> Engagement:
    """An engagement with one of everything."""
    engagement = make.engagement(stage)
    rows.meeting(engagement, -10 * DAY, state="held")
    booked = rows.meeting(engagement, 5 * DAY, "review", title="Monthly review")
    rows.review(engagement, booked)
    rows.step(engagement, "client", title="Give access")
    rows.step(engagement, title="Walk through the day")
    rows.invoice(engagement)
    rows.subscription(engagement, clock.now() + 20 * DAY)
    rows.card(engagement)
    agree(engagement)
    return engagement


def agree(engagement: Engagement) -> None:
    text = "The agreement"
    accepted = {"accepted_name": "Dana Whitfield", "accepted_email": "dana@example.com"}
    make.saved(
        Agreement(engagement_id=engagement.id, terms_id=engagement.terms.id, version="1", text=text,
                  text_hash=hash_of(text), address="", agent="", **accepted)
    )  # fmt: skip


def offers(page: str, engagement: Engagement) -> set[str]:
    """The doors that the page opens, by name."""
    root = f"/engagements/{engagement.id}"
    doors = {
        "step": f"{root}/steps/", "kickoff": f"{root}/kickoff", "cancel": f"{root}/cancellation",
        "billing": 'button-wide" href="/billing"', "move": "/move", "pay": "Pay this invoice",
        "invoices": "invoice.example.com", "continue": 'href="/start/',
    }  # fmt: skip
    return {name for name, sign in doors.items() if sign in page}


def someone(engagement: Engagement, role: Role) -> Person:
    """A person in that role; the sponsor and the consultant are the ones who attend."""
    if role == Role.CONSULTANT:
        return lead(engagement)
    if role == Role.SPONSOR and engagement.sponsor:
        return engagement.sponsor
    return member(engagement, role) if role in CLIENT else make.person(role)
