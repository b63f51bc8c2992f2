"""Old names of zones, which browsers still tell, become those of today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from wtforms import Form

from tests import make
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.reviews.explained import in_words
from webapp.reviews.rule import DayOfMonth, Rule
from webapp.web import zone_place
from webapp.zone_field import ZoneField
from webapp.zone_names import current


class Asking(Form):  # type: ignore[misc]  # WTForms brings no types
    zone = ZoneField()


@pytest.mark.parametrize(
    ("told", "today"),
    [
        ("Asia/Katmandu", "Asia/Kathmandu"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("US/Eastern", "America/New_York"),
        ("Europe/Amsterdam", "Europe/Amsterdam"),
        ("UTC", "UTC"),
        ("Mars/Olympus", "Mars/Olympus"),
    ],
)
def test_old_names_become_those_of_today(told: str, today: str) -> None:
    assert current(told) == today


def test_a_stored_old_name_is_read_by_its_present_one() -> None:
    assert zone_place("Asia/Katmandu") == "Kathmandu"


def test_the_field_shows_stores_and_refuses_by_present_names(app: object) -> None:
    stored = Asking(data={"zone": "Europe/Kiev"})
    assert '<option selected value="Europe/Kyiv">Kyiv (UTC+' in stored.zone()
    assert "Europe/Kiev" not in stored.zone()
    sent = Asking(MultiDict({"zone": "Asia/Katmandu"}))
    assert sent.validate() and sent.zone.data == "Asia/Kathmandu"
    assert not Asking(MultiDict({"zone": "Mars/Olympus"})).validate()


def test_the_browsers_old_name_is_shown_by_the_present_one(client: FlaskClient) -> None:
    client.set_cookie("tz", "Asia/Katmandu")
    make.offering()
    make.consultant()
    page = client.get("/consultants").text
    assert "Katmandu" not in page and "Kathmandu, UTC+5:45" in page


def test_an_account_lists_zones_by_place_and_offset(
    sign_in: Callable[[Person], FlaskClient],
) -> None:
    page = sign_in(make.person(Role.COORDINATOR)).get("/account").text
    assert "Kathmandu (UTC+5:45)</option>" in page and ">Asia/Kathmandu<" not in page


@pytest.mark.parametrize(
    ("zone", "said"),
    [("Asia/Katmandu", "(Kathmandu, UTC+5:45)"), ("America/New_York", "(New York)"),
     ("UTC", "(UTC)")],
)  # fmt: skip
def test_a_rule_says_the_offset_where_it_is_the_same_all_year(zone: str, said: str) -> None:
    assert in_words(Rule(DayOfMonth(16), time(3), zone)).endswith(f"at 03:00 {said}")
