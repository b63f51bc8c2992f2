"""What needs a consultant today follows from the facts, and from nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests import make
from tests.counting import counting
from tests.desk import rows
from tests.desk.rows import DAY, HOUR, lead
from webapp import clock
from webapp.desk.queries.needs import needs_of
from webapp.engagements.models import Engagement

pytestmark = pytest.mark.usefixtures("app")


def kinds(engagement: Engagement) -> list[str]:
    return [need.kind for need in needs_of(lead(engagement))]


def test_nothing_is_needed_of_a_quiet_roster() -> None:
    engagement = make.engagement("active")
    rows.meeting(engagement, -30 * DAY, state="held")
    rows.meeting(engagement, 3 * DAY, "review")
    rows.invoice(engagement, "paid")
    assert kinds(engagement) == []


@pytest.mark.parametrize(
    ("starts_in", "state", "expected"),
    [
        (-2 * HOUR, "booked", ["kickoff"]),
        (timedelta(minutes=-30), "booked", []),  # still under way
        (-2 * HOUR, "held", []),
        (-2 * HOUR, "cancelled", []),
        (6 * DAY, "booked", ["prepare"]),
        (8 * DAY, "booked", []),
    ],
)
def test_a_kickoff_is_prepared_then_recorded(
    starts_in: timedelta, state: str, expected: list[str]
) -> None:
    engagement = make.engagement("onboarding")
    rows.meeting(engagement, starts_in, state=state)
    assert kinds(engagement) == expected


def test_a_new_booking_far_ahead_is_shown_for_two_days() -> None:
    engagement = make.engagement("onboarding")
    booked = rows.meeting(engagement, 40 * DAY, created_at=clock.now() - DAY)
    assert kinds(engagement) == ["prepare"]
    booked.created_at = clock.now() - 3 * DAY
    assert kinds(engagement) == []


def test_a_review_is_recorded_when_its_hour_is_over() -> None:
    engagement = make.engagement("active")
    kept = rows.review(engagement, rows.meeting(engagement, -2 * HOUR, "review"))
    [need] = needs_of(lead(engagement))
    assert (need.kind, need.subject_id) == ("review", kept.id)
    kept.state = "held"
    assert kinds(engagement) == []


@pytest.mark.parametrize(("note", "expected"), [("", []), ("No free time", ["unplaced"])])
def test_a_review_is_placed_by_hand_only_when_the_planner_gave_up(
    note: str, expected: list[str]
) -> None:
    engagement = make.engagement("active")
    rows.review(engagement, note=note)
    assert kinds(engagement) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["steps"]),
        ({"owner": "client"}, []),
        ({"done_at": clock.now()}, []),
        ({"waived_at": clock.now()}, []),
        ({"due_on": clock.now().date() + 3 * DAY}, []),
    ],
)
def test_only_open_steps_of_the_consultant_that_are_due(
    values: dict[str, Any], expected: list[str]
) -> None:
    engagement = make.engagement("onboarding")
    rows.step(engagement, **values)
    assert kinds(engagement) == expected


def test_steps_of_one_client_are_one_line() -> None:
    engagement = make.engagement("onboarding")
    first = clock.now().date() - 3 * DAY
    rows.step(engagement), rows.step(engagement, due_on=first)
    [need] = needs_of(lead(engagement))
    assert (need.count, need.on) == (2, first)


@pytest.mark.parametrize(
    ("status", "attempts", "expected"),
    [("open", 1, ["payment"]), ("open", 0, []), ("uncollectible", 4, ["payment"]),
     ("void", 2, []), ("paid", 2, [])],
)  # fmt: skip
def test_a_payment_that_failed(status: str, attempts: int, expected: list[str]) -> None:
    engagement = make.engagement("active")
    rows.invoice(engagement, status, attempts=attempts)
    assert kinds(engagement) == expected


@pytest.mark.parametrize("stage", ["ended", "lost"])
def test_what_is_over_needs_nothing(stage: str) -> None:
    engagement = make.engagement(stage)
    rows.invoice(engagement, "open", attempts=1)
    rows.step(engagement)
    assert kinds(engagement) == []


def test_only_the_consultants_own_clients() -> None:
    rows.step(make.engagement("onboarding"))
    other = make.engagement("onboarding")
    assert kinds(other) == []


def test_the_most_pressing_comes_first_in_one_statement() -> None:
    consultant = make.consultant()
    for _ in range(3):
        engagement = make.engagement("onboarding", consultant=consultant)
        rows.step(engagement)
        rows.meeting(engagement, -2 * HOUR)
        rows.review(engagement, note="No free time")
        rows.invoice(engagement, "open", attempts=1)
    person = consultant.person
    with counting() as statements:
        needs = needs_of(person)
    expected = ["payment"] * 3 + ["kickoff"] * 3 + ["unplaced"] * 3 + ["steps"] * 3
    assert [need.kind for need in needs] == expected
    assert len(statements) == 1
