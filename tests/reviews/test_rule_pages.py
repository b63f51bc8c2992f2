"""The page of a series, and the editor of its rule: shown first, then saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.counting import counting
from tests.mail import Mailbox
from tests.reviews.conftest import (
    FIRST,
    KICKOFF,
    OCTOBER,
    begin,
    booking_of,
    kicked_off,
    only,
    reviews,
)
from webapp.access import FIRM, Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.db import session, transaction
from webapp.engagements.models import Engagement
from webapp.reviews.models import ReviewSeries

SignIn = Callable[[Person], FlaskClient]
SetClock = Callable[[datetime], None]
Drain = Callable[[], int]
LAST_FRIDAY = {
    "kind": "nth_weekday", "nth": "-1", "weekday": "4", "at": "10:00",
    "time_zone": "America/New_York",
}  # fmt: skip


def address(engagement: Engagement, what: str = "") -> str:
    return f"/engagements/{engagement.id}/reviews{what}"


def consultant_of(engagement: Engagement) -> Person:
    return engagement.lead.person


def sponsor_of(engagement: Engagement) -> Person:
    assert engagement.sponsor is not None
    return engagement.sponsor


def looked_at(browser: FlaskClient, engagement: Engagement, **rule: str) -> dict[str, str]:
    """What the page that shows a rule would send to save it."""
    page = browser.get(address(engagement, "/rule"), query_string=LAST_FRIDAY | rule)
    assert page.status_code == 200, page.text
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def save(browser: FlaskClient, engagement: Engagement, **rule: str) -> int:
    sent = looked_at(browser, engagement, **rule)
    return browser.post(address(engagement, "/rule"), data=sent).status_code


def starts(engagement: Engagement) -> list[str]:
    return [f"{booking_of(review).starts_at:%m-%d %H:%M}" for review in reviews(engagement)]


def rule_of(engagement: Engagement) -> dict[str, object]:
    session.rollback()
    found = ReviewSeries.of(engagement.id)
    assert found is not None
    return found.rule


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


def test_saving_moves_what_is_booked_and_tells_everybody(
    planned: Engagement, sign_in: SignIn, drain: Drain, mailbox: Mailbox
) -> None:
    drain()
    mailbox.clear()
    assert save(sign_in(consultant_of(planned)), planned) == 303
    assert rule_of(planned) == {"kind": "nth_weekday", "nth": "last", "weekday": "friday",
                                "at": "10:00", "time_zone": "America/New_York"}  # fmt: skip
    drain()
    # The 25th of December is a holiday on both sides, and so is Boxing Day's Monday in London.
    assert starts(planned) == ["10-30 14:00", "11-27 15:00", "12-29 15:00"]
    assert [review.state for review in reviews(planned)] == ["booked"] * 3
    subjects = [str(mail["Subject"]) for mail in mailbox.to(sponsor_of(planned).email)]
    assert sum("have a new day" in subject for subject in subjects) == 1
    assert len(subjects) == 4
    said = session.scalars(select(AuditEvent).filter_by(action="review_series.changed")).one()
    assert said.detail["dates"] == {"2026-10": "2026-10-30", "2026-11": "2026-11-27",
                                    "2026-12": "2026-12-29"}  # fmt: skip


def test_what_a_person_moved_stays(planned: Engagement, sign_in: SignIn, drain: Drain) -> None:
    with transaction():
        booking_of(only(planned, OCTOBER)).move(FIRST + timedelta(days=2))
    browser = sign_in(consultant_of(planned))
    page = browser.get(address(planned, "/rule"), query_string=LAST_FRIDAY).text
    assert "Somebody chose this time." in page and "1 stays as it is" in page
    assert save(browser, planned) == 303
    drain()
    assert starts(planned)[0] == "10-07 14:00"
    assert starts(planned)[1:] == ["11-27 15:00", "12-29 15:00"]


def test_a_review_that_is_close_stays(
    planned: Engagement, sign_in: SignIn, set_clock: SetClock, drain: Drain
) -> None:
    set_clock(FIRST - timedelta(hours=30))
    browser = sign_in(consultant_of(planned))
    page = browser.get(address(planned, "/rule"), query_string=LAST_FRIDAY).text
    assert "less than two days away" in page
    assert save(browser, planned) == 303
    drain()
    assert starts(planned)[0] == "10-05 14:00"


def test_a_date_that_has_passed_costs_no_month_its_review(
    planned: Engagement, sign_in: SignIn, set_clock: SetClock, drain: Drain
) -> None:
    """It is booked for the 3rd; the new rule says tomorrow, when nobody could be told in time."""
    set_clock(datetime(2026, 11, 1, 12, tzinfo=UTC))
    browser = sign_in(consultant_of(planned))
    rule = {"kind": "day_of_month", "day": "1"}
    assert "would be too early" in browser.get(
        address(planned, "/rule"), query_string=LAST_FRIDAY | rule
    ).text  # fmt: skip
    assert save(browser, planned, **rule) == 303
    drain()
    assert starts(planned)[1:3] == ["11-03 15:00", "12-01 15:00"]


def test_a_held_month_has_no_second_review(
    planned: Engagement, sign_in: SignIn, set_clock: SetClock, drain: Drain
) -> None:
    set_clock(FIRST + timedelta(hours=1))
    with transaction():
        only(planned, OCTOBER).hold(consultant_of(planned), "Done")
    browser = sign_in(consultant_of(planned))
    page = browser.get(address(planned, "/rule"), query_string=LAST_FRIDAY).text
    assert '<th scope="row">October 2026' not in page
    assert save(browser, planned) == 303
    drain()
    assert starts(planned) == ["10-05 14:00", "11-27 15:00", "12-29 15:00"]
    assert reviews(planned)[0].state == "held"


def test_one_that_has_no_time_is_sought_one_at_the_new_date(
    engagement: Engagement, sign_in: SignIn, drain: Drain
) -> None:
    from tests.reviews.conftest import run_planners  # noqa: PLC0415
    from webapp.booking.models import DateOverride  # noqa: PLC0415

    begin(engagement)
    days = [FIRST.date() + timedelta(days=day) for day in range(-5, 8)]
    make.saved(*[DateOverride(consultant_id=engagement.lead.id, on=on, windows=[]) for on in days])
    run_planners()
    drain()
    assert only(engagement, OCTOBER).state == "due"
    browser = sign_in(consultant_of(engagement))
    page = browser.get(address(engagement, "/rule"), query_string=LAST_FRIDAY).text
    assert "It has no time yet." in page
    assert save(browser, engagement) == 303
    drain()
    assert starts(engagement)[0] == "10-30 14:00"


def test_what_changed_since_the_look_is_shown_again(planned: Engagement, sign_in: SignIn) -> None:
    browser = sign_in(consultant_of(planned))
    sent = looked_at(browser, planned)
    with transaction():
        booking_of(only(planned, OCTOBER)).move(FIRST + timedelta(days=2))
    answer = browser.post(address(planned, "/rule"), data=sent)
    assert answer.status_code == 409
    assert "Something has changed since you looked" in answer.text
    assert rule_of(planned)["kind"] == "day_of_month"


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


def test_saving_the_same_rule_changes_nothing(
    planned: Engagement, sign_in: SignIn, drain: Drain
) -> None:
    before = starts(planned)
    same = {"kind": "day_of_month", "day": "3"}
    browser = sign_in(consultant_of(planned))
    page = browser.get(address(planned, "/rule"), query_string=LAST_FRIDAY | same).text
    assert "Save this day" not in page
    drain()
    assert starts(planned) == before


def test_a_series_that_is_over_is_left_alone(
    planned: Engagement, sign_in: SignIn, drain: Drain
) -> None:
    browser = sign_in(consultant_of(planned))
    sent = looked_at(browser, planned)
    planned.stage = "ended"
    session.commit()
    assert browser.post(address(planned, "/rule"), data=sent).status_code == 409


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
