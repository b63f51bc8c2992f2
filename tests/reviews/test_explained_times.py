"""What a page or a mail says about a review's time is where it stands, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from tests import make
from tests.mail import Mailbox
from tests.reviews.conftest import (
    FIRST,
    KICKOFF,
    OCTOBER,
    begin,
    booking_of,
    kicked_off,
    only,
    run_planners,
)
from tests.reviews.editing import LAST_FRIDAY, address, consultant_of, save, sponsor_of
from tests.reviews.test_placing import occupy
from webapp.accounts.models import Person
from webapp.booking.models import DateOverride, WeeklyWindow
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.web import format_when

SignIn = Callable[[Person], FlaskClient]
Drain = Callable[[], int]
LAST_FRIDAY_OF_OCTOBER = datetime(2026, 10, 30, 14, tzinfo=UTC)


def live(drain: Drain) -> None:
    run_planners()
    drain()


def test_the_preview_shows_where_a_review_will_really_be(
    planned: Engagement, sign_in: SignIn, drain: Drain
) -> None:
    occupy(planned, LAST_FRIDAY_OF_OCTOBER)
    browser = sign_in(consultant_of(planned))
    page = browser.get(address(planned, "/rule"), query_string=LAST_FRIDAY).text
    assert f"{planned.lead.name} is busy at that time." in page
    assert save(browser, planned) == 303
    drain()
    stands = booking_of(only(planned, OCTOBER)).starts_at
    assert stands != LAST_FRIDAY_OF_OCTOBER
    assert format_when(stands, "Europe/London") in page


def test_the_mail_about_another_rule_tells_the_dates_that_are_in_the_calendars(
    planned: Engagement, sign_in: SignIn, drain: Drain, mailbox: Mailbox
) -> None:
    occupy(planned, LAST_FRIDAY_OF_OCTOBER)
    assert save(sign_in(consultant_of(planned)), planned) == 303
    drain()
    sponsor = sponsor_of(planned)
    [mail] = [mail for mail in mailbox.to(sponsor.email) if "have a new day" in mail["Subject"]]
    text = " ".join(mail.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
    stands = booking_of(only(planned, OCTOBER)).starts_at
    assert f"October: {format_when(stands, sponsor.time_zone)}" in text
    assert format_when(LAST_FRIDAY_OF_OCTOBER, sponsor.time_zone) not in text


def test_a_displaced_review_says_the_rules_time_and_the_true_reason(
    engagement: Engagement, sign_in: SignIn, drain: Drain
) -> None:
    """October's day is off, and on November's something else is booked."""
    begin(engagement)
    november = datetime(2026, 11, 3, 15, tzinfo=UTC)
    occupy(engagement, november)
    make.saved(DateOverride(consultant_id=engagement.lead.id, on=FIRST.date(), windows=[]))
    live(drain)
    page = sign_in(sponsor_of(engagement)).get(address(engagement)).text
    name = engagement.lead.name
    assert f"{name} does not work at that time (Mon 5 October, 15:00 in London)." in page
    assert page.count(f"{name} is busy at that time.") == 1
    assert page.count("By its rule:") == 2
    for at in (FIRST, november):
        assert format_when(at, sponsor_of(engagement).time_zone) in page


def test_the_consultants_own_weekend_counts(at_work: None, sign_in: SignIn, drain: Drain) -> None:
    """Monday morning in Auckland is Sunday in New York, whose hours happen to be open."""
    consultant = make.consultant(time_zone="America/New_York", country="US")
    make.saved(WeeklyWindow(consultant_id=consultant.id, weekday=0, starts="09:00", ends="17:00"))
    company = make.company(time_zone="Pacific/Auckland", country="NZ")
    engagement = kicked_off(KICKOFF, company=company, consultant=consultant)
    series = begin(engagement)
    series.rule = {**series.rule, "at": "08:00"}
    session.commit()
    live(drain)
    sunday = datetime(2026, 10, 4, 19, tzinfo=UTC)
    review = only(engagement, OCTOBER)
    assert booking_of(review).starts_at == sunday + timedelta(days=1)
    assert f"It is Sun 4 October for {consultant.name} (New York), a weekend." in review.note
    page = sign_in(sponsor_of(engagement)).get(address(engagement)).text
    assert "Sun 4 October" in page and "a weekend." in page


def test_the_consultants_own_holiday_is_named(at_work: None, sign_in: SignIn, drain: Drain) -> None:
    """16 February 2027 begins in Auckland while it is Washington's Birthday in New York."""
    consultant = make.consultant(time_zone="America/New_York", country="US")
    company = make.company(time_zone="Pacific/Auckland", country="NZ")
    engagement = kicked_off(KICKOFF, company=company, consultant=consultant)
    series = begin(engagement)
    series.rule = {**series.rule, "at": "08:00", "day": 16}
    session.commit()
    page = sign_in(sponsor_of(engagement)).get(address(engagement)).text
    assert f"It is Mon 15 February for {consultant.name} (New York): Washington" in page.replace(
        "&#39;", "'"
    )
