"""The page of a series, and the editor of its rule: shown first, then saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.counting import counting
from tests.mail import Mailbox
from tests.reviews.conftest import (
    FIRST,
    KICKOFF,
    OCTOBER,
    kicked_off,
    only,
    reviews,
)
from tests.reviews.editing import (
    LAST_FRIDAY,
    address,
    consultant_of,
    looked_at,
    rule_of,
    sponsor_of,
)
from webapp.access import FIRM, Role
from webapp.accounts.models import Person
from webapp.db import session, transaction
from webapp.engagements.models import Engagement

SignIn = Callable[[Person], FlaskClient]
SetClock = Callable[[datetime], None]
Drain = Callable[[], int]
# -- the series ------------------------------------------------------------------------------------


def test_the_whole_series_is_on_one_page(
    planned: Engagement, sign_in: SignIn, set_clock: SetClock
) -> None:
    set_clock(FIRST + timedelta(hours=1))
    with transaction():
        only(planned, OCTOBER).hold(consultant_of(planned), "Margins up")
    page = sign_in(sponsor_of(planned)).get(address(planned)).text
    assert "You meet on the 3rd of each month at 10:00 (New York)." in page
    assert "Mon 5 October 2026, 15:00 (London, UTC+1)" in page  # held, in the reader's zone
    assert "Thu 3 December 2026, 15:00 (London, UTC)" in page  # booked
    assert "October 2027" in page and "November 2027" not in page.split("So far")[0]
    assert "Not booked yet" in page


def test_what_moved_a_date_is_said(planned: Engagement, sign_in: SignIn) -> None:
    page = sign_in(consultant_of(planned)).get(address(planned)).text
    assert "Sat 3 October is a weekend." in page
    assert "Moved on to Mon 5 October." in page
    assert "Clocks have changed: 10:00 is UTC−5 from here on, no longer UTC−4." in page


def test_an_engagement_without_reviews_says_so(at_work: None, sign_in: SignIn) -> None:
    engagement = kicked_off(KICKOFF, offering=make.offering(kind="diagnostic", weeks=4))
    browser = sign_in(sponsor_of(engagement))
    assert "No monthly reviews here" in browser.get(address(engagement)).text
    assert browser.get(address(engagement, "/rule")).status_code == 404


def test_strangers_see_nothing(planned: Engagement, sign_in: SignIn) -> None:
    stranger = make.person(Role.SPONSOR, company=make.company())
    for person in (stranger, make.consultant().person):
        browser = sign_in(person)
        assert browser.get(address(planned)).status_code == 404
        assert browser.get(address(planned, "/rule")).status_code == 404
    assert sign_in(stranger).post(address(planned, "/wishes"), data=LAST_FRIDAY).status_code == 404
    browser = sign_in(make.consultant().person)
    assert browser.post(address(planned, "/rule"), data=LAST_FRIDAY).status_code == 404


def test_every_firm_role_may_look_and_only_some_may_change(
    planned: Engagement, sign_in: SignIn
) -> None:
    for role in FIRM:
        browser = sign_in(make.person(role))
        assert browser.get(address(planned)).status_code == 200
        page = browser.get(address(planned, "/rule"), query_string=LAST_FRIDAY).text
        assert ("Save this day" in page) == (role is not Role.FINANCE)
    answer = sign_in(make.person(Role.FINANCE)).post(address(planned, "/rule"), data=LAST_FRIDAY)
    assert answer.status_code == 403


def test_the_pages_cost_the_same_at_three_reviews_and_at_many(
    planned: Engagement, sign_in: SignIn, set_clock: SetClock, drain: Drain
) -> None:
    def statements() -> list[int]:
        browser = sign_in(consultant_of(planned))
        found = []
        for url in (address(planned), address(planned, "/rule")):
            with counting() as queries:
                assert browser.get(url).status_code == 200
            found.append(len(queries))
        return found

    few = statements()
    for review in reviews(planned):
        for month in range(1, 8):
            held = type(review)(engagement_id=planned.id, month=datetime(2025, month, 1),
                                due_on=datetime(2025, month, 5), state="held")  # fmt: skip
            session.merge(held)
        break
    session.commit()
    assert statements() <= few
    assert max(few) <= 20


# -- the editor ------------------------------------------------------------------------------------


def test_another_rule_is_shown_before_it_is_saved(planned: Engagement, sign_in: SignIn) -> None:
    browser = sign_in(consultant_of(planned))
    page = browser.get(address(planned, "/rule"), query_string=LAST_FRIDAY).text
    assert "If you met on the last Friday of each month at 10:00 (New York)." in page
    assert "Fri 30 October 2026, 14:00 (London, UTC)" in page
    assert "3 reviews get a new date" in page
    assert len(re.findall(r'<th scope="row">', page)) == 12
    assert rule_of(planned)["kind"] == "day_of_month"


def test_a_time_outside_of_working_hours_is_said_once(planned: Engagement, sign_in: SignIn) -> None:
    asked = LAST_FRIDAY | {"at": "02:30"}
    page = sign_in(consultant_of(planned)).get(address(planned, "/rule"), query_string=asked).text
    assert page.count("not work") == 1
    assert f"{planned.lead.name} does not work at that time in any of these months" in page


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("kind", ""), ("kind", "fortnightly"), ("nth", "5"), ("nth", "x"), ("weekday", "9"),
        ("at", ""), ("at", "25:00"), ("at", "noon"), ("time_zone", ""),
        ("time_zone", "Europe/Atlantis"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_kept_and_explained(
    planned: Engagement, sign_in: SignIn, field: str, sent: str
) -> None:
    browser = sign_in(consultant_of(planned))
    for answer in (
        browser.get(address(planned, "/rule"), query_string=LAST_FRIDAY | {field: sent}),
        browser.post(address(planned, "/rule"), data=LAST_FRIDAY | {field: sent}),
    ):
        assert answer.status_code == 422
        assert 'class="field-error"' in answer.text
    assert rule_of(planned)["kind"] == "day_of_month"


@pytest.mark.parametrize("day", ["", "0", "32", "x", "-1", "1.5"])
def test_a_day_that_no_month_has_is_refused(planned: Engagement, sign_in: SignIn, day: str) -> None:
    asked = LAST_FRIDAY | {"kind": "day_of_month", "day": day}
    answer = sign_in(consultant_of(planned)).get(address(planned, "/rule"), query_string=asked)
    assert answer.status_code == 422
    assert 'class="field-error"' in answer.text


def test_fields_of_the_other_kinds_do_not_count(planned: Engagement, sign_in: SignIn) -> None:
    asked = LAST_FRIDAY | {"day": "99", "business_day": "3"}
    answer = sign_in(consultant_of(planned)).get(address(planned, "/rule"), query_string=asked)
    assert answer.status_code == 200


# -- the client's wish -----------------------------------------------------------------------------


def test_the_sponsor_asks_and_the_consultant_is_shown_it_filled_in(
    planned: Engagement, sign_in: SignIn, drain: Drain, mailbox: Mailbox
) -> None:
    drain()
    mailbox.clear()
    browser = sign_in(sponsor_of(planned))
    sent = looked_at(browser, planned)
    assert browser.post(address(planned, "/rule"), data=sent).status_code == 403
    for _ in range(2):
        assert browser.post(address(planned, "/wishes"), data=sent).status_code == 303
    drain()
    [mail] = mailbox.messages
    assert consultant_of(planned).email in str(mail["To"])
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "on the last Friday of each month at 10:00 (New York)" in text
    link = re.search(r"https?://[^/]+(/engagements/\S+)", text)
    assert link
    page = sign_in(consultant_of(planned)).get(link[1]).text
    assert "Save this day" in page and "last Friday" in page
    assert rule_of(planned)["kind"] == "day_of_month"


def test_leaders_and_observers_look_and_no_more(planned: Engagement, sign_in: SignIn) -> None:
    for role in (Role.LEADER, Role.BILLING, Role.OBSERVER):
        browser = sign_in(make.person(role, company=planned.company))
        page = browser.get(address(planned, "/rule"), query_string=LAST_FRIDAY).text
        assert "Save this day" not in page and "for this day" not in page
        assert browser.post(address(planned, "/wishes"), data=LAST_FRIDAY).status_code == 403
