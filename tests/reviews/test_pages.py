"""A review's page: who sees it, what it asks, what it refuses."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, text

from tests import make
from tests.counting import counting
from tests.reviews.conftest import KICKOFF, begin, kicked_off, only, run_planners
from webapp.access import FIRM, Role
from webapp.accounts.models import Person
from webapp.booking.models import Attendee, Booking, DateOverride, WeeklyWindow
from webapp.booking.picker.picking import value_of
from webapp.db import session, transaction
from webapp.engagements.models import Engagement
from webapp.reviews.models import Review

SignIn = Callable[[Person], FlaskClient]
SetClock = Callable[[datetime], None]
Drain = Callable[[], int]
FIRST = datetime(2026, 10, 5, 14, 0, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)


@pytest.fixture
def review(engagement: Engagement, drain: Drain) -> Review:
    """In both calendars, on the 5th of October."""
    begin(engagement)
    run_planners()
    drain()
    return only(engagement, OCTOBER)


@pytest.fixture
def homeless(engagement: Engagement, drain: Drain) -> Review:
    """One that found no time, though there is some a week later."""
    begin(engagement)
    days = [FIRST.date() + timedelta(days=day) for day in range(-10, 5)]
    make.saved(*[DateOverride(consultant_id=engagement.lead.id, on=on, windows=[]) for on in days])
    run_planners()
    drain()
    return only(engagement, OCTOBER)


def consultant_of(review: Review) -> Person:
    return review.engagement.lead.person


def sponsor_of(review: Review) -> Person:
    assert review.engagement.sponsor is not None
    return review.engagement.sponsor


def address(review: Review, what: str = "") -> str:
    return f"/reviews/{review.id}{what}"


def test_both_sides_and_the_firm_read_it_in_their_own_time(review: Review, sign_in: SignIn) -> None:
    for person, when in (
        (sponsor_of(review), "15:00 (London, UTC+1)"),
        (consultant_of(review), "15:00 (London, UTC+1)"),
        (make.person(Role.COORDINATOR, time_zone="Asia/Tokyo"), "23:00 (Tokyo, UTC+9)"),
        (make.person(Role.FINANCE, time_zone="Asia/Kolkata"), "19:30 (Kolkata, UTC+5:30)"),
    ):
        page = sign_in(person).get(address(review))
        assert page.status_code == 200
        assert f"Mon 5 October 2026, {when}" in page.text


def test_another_company_and_another_consultant_see_nothing(
    review: Review, sign_in: SignIn
) -> None:
    stranger = make.person(Role.SPONSOR, company=make.company())
    for person in (stranger, make.consultant().person):
        browser = sign_in(person)
        assert browser.get(address(review)).status_code == 404
        assert browser.post(address(review, "/time")).status_code == 404
    assert sign_in(make.consultant().person).post(address(review, "/held")).status_code == 404


@pytest.mark.parametrize(
    ("role", "item"),
    [
        ("coo", "Between departments"),
        ("integrator", "One direction"),
        ("both", "The daily business"),
    ],
)
def test_the_agenda_is_that_of_the_role_sold(
    at_work: None, drain: Drain, sign_in: SignIn, role: str, item: str
) -> None:
    engagement = kicked_off(KICKOFF, offering=make.offering(role=role))
    begin(engagement)
    run_planners()
    found = only(engagement, OCTOBER)
    assert item in sign_in(sponsor_of(found)).get(address(found)).text


def test_who_takes_part_may_move_it(review: Review, sign_in: SignIn) -> None:
    link = f"/meetings/{review.booking_id}/move"
    observer = make.person(Role.FINANCE)
    assert link in sign_in(sponsor_of(review)).get(address(review)).text
    assert link in sign_in(consultant_of(review)).get(address(review)).text
    assert link not in sign_in(observer).get(address(review)).text


def test_the_consultant_records_it(
    review: Review, sign_in: SignIn, set_clock: SetClock, drain: Drain
) -> None:
    browser = sign_in(consultant_of(review))
    assert "Record the review" not in browser.get(address(review)).text
    set_clock(FIRST + timedelta(hours=1))
    assert "Record the review" in browser.get(address(review)).text
    assert "Record the review" not in sign_in(sponsor_of(review)).get(address(review)).text
    answer = browser.post(address(review, "/held"), data={"summary": "Margins <b>up</b>"})
    assert (answer.status_code, answer.location) == (303, address(review))
    page = sign_in(sponsor_of(review)).get(address(review)).text
    assert "Margins &lt;b&gt;up&lt;/b&gt;" in page
    assert "Held" in page


@pytest.mark.parametrize("summary", ["", "   ", "x" * 5001, "a\x07b"])
def test_a_summary_that_cannot_be_used_is_kept_and_explained(
    review: Review, sign_in: SignIn, set_clock: SetClock, summary: str
) -> None:
    set_clock(FIRST + timedelta(hours=1))
    answer = sign_in(consultant_of(review)).post(
        address(review, "/held"), data={"summary": summary}
    )
    assert answer.status_code == 422
    assert 'class="field-error"' in answer.text
    if len(summary) > 5000:
        assert summary in answer.text
    assert only(review.engagement, OCTOBER).state == "booked"


def test_a_review_is_not_recorded_early_or_twice(
    review: Review, sign_in: SignIn, set_clock: SetClock
) -> None:
    browser = sign_in(consultant_of(review))
    early = browser.post(address(review, "/held"), data={"summary": "Early"})
    assert (early.status_code, "has not begun" in early.text) == (409, True)
    set_clock(FIRST + timedelta(hours=1))
    assert browser.post(address(review, "/held"), data={"summary": "On time"}).status_code == 303
    again = browser.post(address(review, "/held"), data={"summary": "Again"})
    assert again.status_code == 409
    assert only(review.engagement, OCTOBER).summary == "On time"


def test_clients_record_nothing(review: Review, sign_in: SignIn, set_clock: SetClock) -> None:
    set_clock(FIRST + timedelta(hours=1))
    answer = sign_in(sponsor_of(review)).post(address(review, "/held"), data={"summary": "Mine"})
    assert answer.status_code == 403


def test_people_find_a_time_for_one_that_found_none(
    homeless: Review, sign_in: SignIn, drain: Drain
) -> None:
    chosen = FIRST + timedelta(days=8)  # the day before is a holiday in New York
    browser = sign_in(sponsor_of(homeless))
    assert "It has no time yet" in browser.get(address(homeless)).text
    page = browser.get(address(homeless) + f"?day={chosen.date()}").text
    assert f'value="{value_of(chosen)}"' in page
    answer = browser.post(address(homeless, "/time"), data={"starts_at": value_of(chosen)})
    assert answer.status_code == 303
    found = only(homeless.engagement, OCTOBER)
    assert found.booking is not None
    assert (found.state, found.note, found.booking.starts_at) == ("booked", "", chosen)


def somebody_waits() -> bool:
    """Whether another transaction stands behind a lock of this one."""
    waiting = (
        "SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
    )
    return bool(session.scalar(text(waiting)))


def test_a_time_taken_meanwhile_is_409_with_what_is_open(homeless: Review, sign_in: SignIn) -> None:
    """Somebody else's booking commits after the list was read, before the time is claimed."""
    chosen = FIRST + timedelta(days=8)  # the day before is a holiday in New York
    browser, url = sign_in(sponsor_of(homeless)), address(homeless, f"/time?day={chosen.date()}")
    lead, engagement_id = homeless.engagement.lead, homeless.engagement_id
    with ThreadPoolExecutor(1) as pool:
        with transaction():
            Booking.schedule("review", engagement_id, [lead], chosen, 60, "UTC", "X", "Y", [])
            posted = pool.submit(browser.post, url, data={"starts_at": value_of(chosen)})
            until = time.monotonic() + 20
            while not (somebody_waits() or posted.done() or time.monotonic() > until):
                time.sleep(0.02)
            assert somebody_waits(), "the request claims a time that another is taking"
        answer = posted.result()
    assert answer.status_code == 409
    assert "has just been taken" in answer.text
    assert f'value="{value_of(chosen)}"' not in answer.text
    assert f'value="{value_of(chosen - timedelta(minutes=90))}"' in answer.text


@pytest.mark.parametrize("sent", ["", "2026-10-12T03:00Z", "2031-10-12T14:00Z", "never", "2026"])
def test_a_time_that_was_not_offered_is_422(homeless: Review, sign_in: SignIn, sent: str) -> None:
    browser = sign_in(consultant_of(homeless))
    answer = browser.post(address(homeless, "/time"), data={"starts_at": sent})
    assert answer.status_code == 422
    assert only(homeless.engagement, OCTOBER).state == "due"


def test_a_booked_review_takes_no_second_time(review: Review, sign_in: SignIn) -> None:
    chosen = value_of(FIRST + timedelta(days=1))
    answer = sign_in(consultant_of(review)).post(
        address(review, "/time"), data={"starts_at": chosen}
    )
    assert answer.status_code == 409
    found = only(review.engagement, OCTOBER)
    assert found.booking is not None and found.booking.starts_at == FIRST


def test_nothing_open_is_said(engagement: Engagement, drain: Drain, sign_in: SignIn) -> None:
    begin(engagement)
    run_planners()
    found = only(engagement, OCTOBER)
    session.execute(delete(WeeklyWindow))
    assert "No open time" in sign_in(sponsor_of(found)).get(address(found)).text


def test_the_page_costs_the_same_at_two_attendees_and_at_eight(
    review: Review, sign_in: SignIn
) -> None:
    def statements() -> int:
        browser = sign_in(consultant_of(review))
        with counting() as queries:
            assert browser.get(address(review)).status_code == 200
        return len(queries)

    few = statements()
    for _ in range(6):
        leader = make.person(Role.LEADER, company=review.engagement.company)
        make.saved(Attendee(booking_id=review.booking_id, person_id=leader.id, side="client"))
    assert statements() <= few
    assert few <= 16


def test_every_firm_role_may_read(review: Review, sign_in: SignIn) -> None:
    for role in FIRM:
        assert sign_in(make.person(role)).get(address(review)).status_code == 200
