"""How many times one network address may keep at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests import make
from tests.booking.rows import at
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking.models import Hold
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
HELD_DAYS = (3, 4, 7, 8, 9)


@pytest.fixture
def picker(app: Flask) -> str:
    make.offering(slug="coo-four")
    make.consultant(slug="ada", days_per_month=30)
    session.commit()
    return "/book/coo-four/ada"


def send(client: FlaskClient, url: str, start: datetime, key: str = "f" * 32) -> TestResponse:
    slot = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    return client.post(url, data={"slot": slot, "request_key": key})


@pytest.fixture
def five_held(app: Flask, picker: str) -> list[Hold]:
    """As many holds as one address may have, each taken by another browser."""
    for day in HELD_DAYS:
        browser = app.test_client()
        assert send(browser, picker, at(day, 10), f"{day:032x}").status_code == 303
    return list(session.scalars(select(Hold).order_by(Hold.starts_at)))


def test_a_sixth_time_at_once_is_refused_calmly(
    client: FlaskClient, picker: str, five_held: list[Hold]
) -> None:
    answer = send(client, picker, at(10, 10))
    assert answer.status_code == 429
    assert "keeping several times already" in answer.text and 'name="slot"' in answer.text
    assert session.query(Hold).count() == 5
    assert {held.address for held in five_held} == {"127.0.0.1"}


def test_a_form_sent_again_is_no_sixth(
    client: FlaskClient, picker: str, five_held: list[Hold]
) -> None:
    assert send(client, picker, at(9, 10), f"{9:032x}").status_code == 303


def test_another_address_is_not_held_back(
    client: FlaskClient, picker: str, five_held: list[Hold]
) -> None:
    client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert send(client, picker, at(10, 10)).status_code == 303


@pytest.mark.parametrize("end", ["released", "confirmed", "lapsed"])
def test_a_hold_given_up_confirmed_or_lapsed_does_not_count(
    client: FlaskClient, picker: str, five_held: list[Hold], end: str
) -> None:
    if end == "released":
        five_held[0].release()
    elif end == "confirmed":
        five_held[0].state = "confirmed"
    else:
        five_held[0].expires_at = at(1, 7)
    session.commit()
    assert send(client, picker, at(10, 10)).status_code == 303
    assert send(client.application.test_client(), picker, at(11, 10), "e" * 32).status_code == 429


def test_the_firm_may_hold_any_number(
    sign_in: Callable[[Person], FlaskClient], picker: str, five_held: list[Hold]
) -> None:
    for number in range(2):
        coordinator = sign_in(make.person(Role.COORDINATOR))
        assert send(coordinator, picker, at(10 + number, 10), f"{number:032x}").status_code == 303
