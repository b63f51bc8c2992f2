"""Taking a time: held once, refused calmly, shown to its holder."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import make
from tests.booking.rows import at, claims
from tests.booking.sending import KEY, send
from webapp.booking.models import Hold
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
HOSTILE = "<script>alert('x')</script>"


@pytest.mark.parametrize("junk", ["day=never", "day=0001-01-01", "day=9999-12-31", "zone=Mars/B",
                                  "slot=" + "9" * 400, "slot=0001-01-01T00:00:00Z",
                                  "zone=../../etc/passwd", "day=2026-12-03&zone="])  # fmt: skip
def test_nonsense_in_the_address_is_ignored(client: FlaskClient, picker: str, junk: str) -> None:
    assert client.get(f"/book/coo-four/ada?{junk}").status_code == 200


def test_no_open_time_is_said_calmly(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    consultant.days_per_month = 0
    session.commit()
    page = client.get(picker)
    assert page.status_code == 200 and "No kick-off is open" in page.text


def test_a_time_is_held_and_the_details_follow(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    answer = send(client, picker, at(3, 15))
    assert answer.status_code == 303 and "/start/" in answer.location
    assert claims(consultant) == [("hold", at(3, 15))]
    assert session.query(Hold).one().time_zone == "America/New_York"


def test_b12_the_same_form_twice_is_one_hold_and_one_answer(
    client: FlaskClient, picker: str
) -> None:
    first, second = send(client, picker, at(3, 15)), send(client, picker, at(3, 15))
    assert second.status_code == 303
    assert session.query(Hold).count() == 1
    assert about(first) == about(second)


def test_the_same_form_from_a_browser_that_keeps_no_cookies(app: object, picker: str) -> None:
    for _ in range(2):
        browser = app.test_client(use_cookies=False)  # type: ignore[attr-defined]
        assert send(browser, picker, at(3, 15)).status_code == 303
    assert session.query(Hold).count() == 1


def test_b13_the_holder_still_sees_the_time_and_others_do_not(
    app: object, client: FlaskClient, picker: str
) -> None:
    send(client, picker, at(3, 15))
    mark = 'value="2026-12-03T15:00:00Z"'
    assert mark in client.get(picker).text
    assert mark not in app.test_client().get(picker).text  # type: ignore[attr-defined]


def test_choosing_another_time_goes_on_with_the_same_booking(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    send(client, picker, at(3, 15))
    answer = send(client, picker, at(4, 15), "f" * 32)
    assert answer.status_code == 307
    assert send(client, answer.location, at(4, 15)).status_code == 303
    assert session.query(Hold).count() == 1
    assert claims(consultant) == [("hold", at(4, 15))]


def test_another_offering_with_the_same_person_lets_the_first_go(
    client: FlaskClient, consultant: Consultant, picker: str
) -> None:
    consultant.days_per_month = 8
    make.offering(slug="coo-eight", days_per_month=8)
    session.commit()
    send(client, picker, at(3, 15))
    assert send(client, "/book/coo-eight/ada", at(3, 15), "f" * 32).status_code == 303
    assert claims(consultant) == [("hold", at(3, 15))]


def test_a_lost_race_is_told_with_alternatives(
    client: FlaskClient, offering: Offering, consultant: Consultant, picker: str
) -> None:
    Hold.take(offering, consultant, at(3, 15), "UTC")
    session.commit()
    answer = send(client, picker, at(3, 15))
    assert answer.status_code == 409
    assert "just been taken" in answer.text
    assert 'value="2026-12-03T13:30:00Z"' in answer.text
    assert KEY in answer.text
    assert session.query(Hold).count() == 1


def test_days_sold_meanwhile_are_told(
    client: FlaskClient, offering: Offering, consultant: Consultant, picker: str
) -> None:
    for hour in (9, 11, 13):
        Hold.take(offering, consultant, at(4, hour), "UTC")
    session.commit()
    answer = send(client, picker, at(3, 15))
    assert answer.status_code == 409 and "no room left" in answer.text


@pytest.mark.parametrize(
    "slot, message",
    [("", "Choose a time."), ("soon", "no time we can read"),
     ("2026-12-03T15:00:00", "no time we can read"), (HOSTILE, "no time we can read"),
     ("9" * 500, "longer than"),
     ("2026-12-03T15:07:00Z", "cannot be booked"), ("2026-11-03T15:00:00Z", "cannot be booked"),
     ("2026-12-05T15:00:00Z", "cannot be booked"), ("9999-12-31T23:30:00Z", "cannot be booked"),
     ("0001-01-01T00:00:00Z", "cannot be booked")],
)  # fmt: skip
def test_b09_a_crafted_time_is_refused_beside_the_field(
    client: FlaskClient, picker: str, slot: str, message: str
) -> None:
    answer = send(client, picker, slot)
    assert answer.status_code == 422
    assert message in answer.text and HOSTILE not in answer.text
    assert session.query(Hold).count() == 0


def test_a_crafted_key_counts_for_nothing(client: FlaskClient, picker: str) -> None:
    assert send(client, picker, at(3, 15), HOSTILE).status_code == 303
    assert session.query(Hold).one().request_key is None


def about(answer: TestResponse) -> str:
    """Which hold the link is about, whenever it was signed."""
    return str(answer.location).rsplit("/", 1)[1].split(".")[0]


SENT = "5f0e8a52-7f4e-4f0e-9a53-5f4e8c1d2b3a"


def test_b12_the_same_idempotency_key_twice_is_one_hold_and_one_answer(
    app: Flask, picker: str
) -> None:
    """A program's own key, in the header, without cookies or a page of ours."""
    programs = [app.test_client(use_cookies=False) for _ in range(2)]
    first, second = (send(one, picker, at(3, 15), "", Idempotency_Key=SENT) for one in programs)
    assert first.status_code == second.status_code == 303
    assert about(first) == about(second)
    assert session.query(Hold).count() == 1
    other = send(app.test_client(use_cookies=False), picker, at(3, 15), "")
    assert other.status_code == 409


def test_an_idempotency_key_counts_for_its_own_sender_alone(app: Flask, picker: str) -> None:
    send(app.test_client(use_cookies=False), picker, at(3, 15), "", Idempotency_Key=SENT)
    stranger = app.test_client(use_cookies=False)
    stranger.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    answer = send(stranger, picker, at(3, 15), "", Idempotency_Key=SENT)
    assert answer.status_code == 409 and session.query(Hold).count() == 1


@pytest.mark.parametrize("weak", ["1", "x" * 15, "y" * 201, "z" * 20 + " z"])
def test_a_weak_idempotency_key_is_refused(client: FlaskClient, picker: str, weak: str) -> None:
    assert send(client, picker, at(3, 15), "", Idempotency_Key=weak).status_code == 400
    assert session.query(Hold).count() == 0
