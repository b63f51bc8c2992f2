"""The page on which a meeting is moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.booking.rows import at, claims
from webapp.accounts.models import Person
from webapp.booking.models import Booking, Hold
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def meeting(app: object) -> Booking:
    engagement = make.engagement()
    lead = engagement.hold.consultant
    made = Booking.schedule(
        "review", engagement.id, [lead], at(3, 10), 60, "America/New_York", "Monthly review",
        "here", [(engagement.sponsor, "client"), (lead.person, "consultant")],  # type: ignore[list-item]
    )  # fmt: skip
    session.commit()
    return made


def url(meeting: Booking) -> str:
    return f"/meetings/{meeting.id}/move"


def sent(browser: FlaskClient, meeting: Booking, start: datetime):  # type: ignore[no-untyped-def]
    return browser.post(url(meeting), data={"slot": start.isoformat()})


@pytest.mark.parametrize("side", ["client", "consultant"])
def test_each_side_moves_it(sign_in: SignIn, meeting: Booking, side: str) -> None:
    browser = sign_in(meeting.people(side)[0])
    assert "Move the meeting" in browser.get(url(meeting)).text
    answer = sent(browser, meeting, at(4, 10))
    assert answer.status_code == 303
    session.expire_all()
    assert (meeting.starts_at, meeting.sequence) == (at(4, 10), 1)


def test_the_firm_moves_it(sign_in: SignIn, meeting: Booking) -> None:
    assert sent(sign_in(make.person(make.Role.COORDINATOR)), meeting, at(4, 10)).status_code == 303


def test_times_are_told_in_the_accounts_zone_unless_another_is_chosen(
    sign_in: SignIn, meeting: Booking
) -> None:
    browser = sign_in(meeting.people("client")[0])
    browser.set_cookie("tz", "Asia/Tokyo")
    assert "London, UTC" in browser.get(url(meeting)).text
    assert "Tokyo, UTC+9" in browser.get(url(meeting) + "?zone=Asia/Tokyo").text


def test_the_page_opens_at_the_day_of_the_meeting(sign_in: SignIn, meeting: Booking) -> None:
    browser = sign_in(meeting.people("client")[0])
    meeting.move(at(15, 10))
    session.commit()
    assert 'data-said="Tuesday 15 December: ' in browser.get(url(meeting)).text
    asked = browser.get(url(meeting) + "?day=2026-12-08").text
    assert 'data-said="Tuesday 8 December: 15 times"' in asked


def test_strangers_find_nothing(sign_in: SignIn, meeting: Booking) -> None:
    strangers = [make.person(make.Role.SPONSOR, company=make.company()), make.consultant().person]
    for stranger in strangers:
        browser = sign_in(stranger)
        assert browser.get(url(meeting)).status_code == 404
        assert sent(browser, meeting, at(4, 10)).status_code == 404
    assert meeting.sequence == 0


def test_an_observer_is_refused(sign_in: SignIn, meeting: Booking) -> None:
    observer = make.person(make.Role.OBSERVER, company=make.company())
    assert sent(sign_in(observer), meeting, at(4, 10)).status_code == 403


def test_b19_a_time_taken_meanwhile_is_409_and_the_meeting_stands(
    sign_in: SignIn, meeting: Booking
) -> None:
    [lead] = meeting.consultants
    Hold.take(make.offering(), lead, at(4, 10), "UTC")
    browser = sign_in(meeting.people("client")[0])
    answer = sent(browser, meeting, at(4, 10))
    assert answer.status_code == 409
    assert "stands as it was" in answer.text and "Nearest open times" in answer.text
    assert claims(lead) == [("booking", at(3, 10)), ("hold", at(4, 10))]


@pytest.mark.parametrize("start", [at(4, 3), at(4, 10, 7), at(1, 8, 30), at(1, 7)])
def test_a_time_not_on_offer_is_refused_beside_the_field(
    sign_in: SignIn, meeting: Booking, start: datetime
) -> None:
    answer = sent(sign_in(meeting.people("client")[0]), meeting, start)
    assert answer.status_code == 422 and "cannot take place then" in answer.text


def test_no_time_chosen(sign_in: SignIn, meeting: Booking) -> None:
    answer = sign_in(meeting.people("client")[0]).post(url(meeting))
    assert answer.status_code == 422 and "Choose a time." in answer.text


def test_what_has_begun_cannot_be_moved(
    sign_in: SignIn, meeting: Booking, set_clock: Callable[[datetime], None]
) -> None:
    set_clock(at(3, 10, 5))
    browser = sign_in(meeting.people("client")[0])
    assert "can no longer be moved" in browser.get(url(meeting)).text
    assert sent(browser, meeting, at(4, 10)).status_code == 409
