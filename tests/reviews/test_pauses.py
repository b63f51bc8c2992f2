"""Pauses and ends: reviews that the engagement does not reach, and their return."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.mail import Mailbox
from tests.reviews.conftest import (
    FIRST,
    KICKOFF,
    OCTOBER,
    begin,
    booking_of,
    kicked_off,
    months,
    only,
    reviews,
    run_planners,
)
from webapp.db import session
from webapp.engagements.models import Engagement, Pause, StageChange

SetClock = Callable[[datetime], None]
Drain = Callable[[], int]
NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


def step(engagement: Engagement, stage: str, ends_on: date | None = None) -> None:
    """What `advance` writes; who may take the step is the stages' own business."""
    row = StageChange(from_stage=engagement.stage, to_stage=stage, by="test")
    engagement.stage_changes.append(row)
    engagement.stage, engagement.ends_on = stage, ends_on
    session.commit()


def live(drain: Drain) -> None:
    run_planners()
    drain()


def standing(engagement: Engagement) -> list[tuple[str, bool]]:
    return [(review.state, review.suspended) for review in reviews(engagement)]


OFF, BOOKED = ("cancelled", True), ("booked", False)


def test_a_pause_calls_the_reviews_ahead_off_and_tells_both_sides(
    planned: Engagement, drain: Drain, mailbox: Mailbox
) -> None:
    drain()
    mailbox.clear()
    step(planned, "paused")
    live(drain)
    assert standing(planned) == [OFF] * 3
    assert {booking_of(review).state for review in reviews(planned)} == {"cancelled"}
    assert len(mailbox.messages) == 6
    live(drain)
    assert len(mailbox.messages) == 6


def test_what_was_called_off_by_a_pause_comes_back_with_new_invitations(
    planned: Engagement, drain: Drain, mailbox: Mailbox
) -> None:
    step(planned, "paused")
    live(drain)
    mailbox.clear()
    step(planned, "active")
    live(drain)
    assert standing(planned) == [BOOKED] * 3
    assert booking_of(only(planned, OCTOBER)).starts_at == FIRST
    assert len(mailbox.messages) == 6
    step(planned, "paused")
    live(drain)
    assert standing(planned) == [OFF] * 3


def test_months_that_were_paused_to_their_end_stay_off_and_none_is_lost(
    planned: Engagement, drain: Drain, set_clock: SetClock
) -> None:
    step(planned, "paused")
    live(drain)
    set_clock(datetime(2026, 11, 20, 12, tzinfo=UTC))
    live(drain)
    assert months(planned) == [OCTOBER, NOVEMBER, DECEMBER, JANUARY, date(2027, 2, 1)]
    assert standing(planned) == [OFF] * 5
    step(planned, "active")
    live(drain)
    assert standing(planned) == [OFF, OFF, BOOKED, BOOKED, BOOKED]


def test_a_review_that_has_begun_is_not_touched_by_a_pause(
    planned: Engagement, drain: Drain, set_clock: SetClock
) -> None:
    set_clock(FIRST + timedelta(minutes=10))
    step(planned, "paused")
    live(drain)
    assert standing(planned)[:2] == [BOOKED, OFF]


def test_paused_from_the_first_day_nothing_is_placed(at_work: None, drain: Drain) -> None:
    engagement = kicked_off(KICKOFF)
    begin(engagement)
    step(engagement, "paused")
    live(drain)
    assert standing(engagement) == [OFF] * 3
    assert {review.booking_id for review in reviews(engagement)} == {None}


def test_an_ending_engagement_is_reviewed_up_to_its_last_day(
    planned: Engagement, drain: Drain
) -> None:
    step(planned, "ending", ends_on=date(2026, 11, 10))
    live(drain)
    assert standing(planned) == [BOOKED, BOOKED, OFF]
    step(planned, "active")
    live(drain)
    assert standing(planned) == [BOOKED] * 3


@pytest.mark.parametrize("stage", ["ended", "lost"])
def test_what_is_over_does_not_come_back(planned: Engagement, drain: Drain, stage: str) -> None:
    step(planned, "paused")
    live(drain)
    step(planned, stage)
    live(drain)
    assert standing(planned) == [OFF] * 3


def test_review_moved_by_hand_into_a_pause_is_called_off_and_comes_back_without_it(
    planned: Engagement, drain: Drain
) -> None:
    review = only(planned, OCTOBER)
    booking_of(review).move(FIRST + timedelta(days=9))
    pause = Pause(starts=date(2026, 10, 12), ends=date(2026, 10, 20), reason="Closed")
    planned.pauses.append(pause)
    session.commit()
    live(drain)
    live(drain)
    assert standing(planned) == [OFF, BOOKED, BOOKED]
    assert booking_of(only(planned, OCTOBER)).state == "cancelled"
    pause.state = "withdrawn"
    session.commit()
    live(drain)
    assert standing(planned) == [BOOKED] * 3
    assert booking_of(only(planned, OCTOBER)).starts_at == FIRST


def test_review_moved_by_hand_out_of_a_pause_stands(planned: Engagement, drain: Drain) -> None:
    booking_of(only(planned, OCTOBER)).move(FIRST + timedelta(days=9))
    pause = Pause(starts=date(2026, 10, 1), ends=date(2026, 10, 8), reason="Closed")
    planned.pauses.append(pause)
    session.commit()
    live(drain)
    assert standing(planned) == [BOOKED] * 3
