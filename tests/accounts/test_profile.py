"""What a person may write about themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests import make
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.db import session

PROFILE = {"name": "Grace Osei", "phone": "+44 20 7946 0000", "time_zone": "Europe/London"}


@pytest.fixture
def person(app: object) -> Person:
    return make.person(Role.CONSULTANT, name="Grace")


@pytest.fixture
def browser(sign_in: Callable[[Person], FlaskClient], person: Person) -> FlaskClient:
    return sign_in(person)


def test_a_profile_is_stored_without_the_blanks_around_it(
    browser: FlaskClient, person: Person
) -> None:
    answer = browser.post("/account/profile", data=PROFILE | {"name": "  Grace Osei "})
    assert answer.status_code == 303
    session.refresh(person)
    assert (person.name, person.phone) == ("Grace Osei", "+44 20 7946 0000")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "Grace\r\nBcc: all@example.com", "one line"),
        ("name", "Grace\u2028Osei", "one line"),
        ("name", "Grace\x85Osei", "one line"),
        ("name", "Grace \u202egnp.exe", "one line"),
        ("name", "Grace \u2066Osei\u2069", "one line"),
        ("name", "   ", "Enter your name."),
        ("name", "…", "Use letters or digits."),
        ("phone", "1\n2", "one line"),
    ],
)
def test_what_would_break_a_heading_or_a_mail_is_refused(
    browser: FlaskClient, person: Person, field: str, value: str, message: str
) -> None:
    answer = browser.post("/account/profile", data=PROFILE | {field: value})
    assert answer.status_code == 422 and message in answer.text
    session.refresh(person)
    assert (person.name, person.phone) == ("Grace", "")
