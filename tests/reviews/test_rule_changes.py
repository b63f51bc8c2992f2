"""What another rule does: some reviews move, some stay, and no month is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.mail import Mailbox
from tests.reviews.conftest import (
    FIRST,
    OCTOBER,
    begin,
    booking_of,
    only,
    reviews,
    run_planners,
)
from tests.reviews.editing import (
    LAST_FRIDAY,
    address,
    consultant_of,
    looked_at,
    rule_of,
    save,
    sponsor_of,
    starts,
)
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.booking.models import DateOverride
from webapp.db import session, transaction
from webapp.engagements.models import Engagement

SignIn = Callable[[Person], FlaskClient]
SetClock = Callable[[datetime], None]
Drain = Callable[[], int]


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
