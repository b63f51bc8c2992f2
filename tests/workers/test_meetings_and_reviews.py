"""A review hears what became of its meeting, through the meeting's own jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.reviews.conftest import (
    FIRST,
    OCTOBER,
    at_work,
    begin,
    booking_of,
    engagement,
    only,
    run_planners,
)
from webapp.db import transaction
from webapp.engagements.models import Engagement
from webapp.reviews.models import Review

__all__ = ["at_work", "engagement"]
Drain = Callable[[], int]


def planned(engagement: Engagement, drain: Drain) -> Review:
    begin(engagement)
    run_planners()
    drain()
    return only(engagement, OCTOBER)


def test_called_off_and_booked_again(engagement: Engagement, drain: Drain) -> None:
    review = planned(engagement, drain)
    with transaction():
        booking_of(review).cancel("Away")
    drain()
    assert only(engagement, OCTOBER).state == "cancelled"
    with transaction():
        booking_of(review).rebook(FIRST + timedelta(days=1))
    drain()
    assert only(engagement, OCTOBER).state == "booked"


def test_missed_taken_back_missed_and_booked_again(
    engagement: Engagement, drain: Drain, set_clock: Callable[..., None]
) -> None:
    review = planned(engagement, drain)
    set_clock(FIRST + timedelta(minutes=16))
    states = []
    for change in (
        lambda meeting: meeting.miss("client"),
        lambda meeting: meeting.withdraw_miss(),
        lambda meeting: meeting.miss("consultant"),
        lambda meeting: meeting.rebook(FIRST + timedelta(days=1)),
    ):
        with transaction():
            change(booking_of(review))
        drain()
        states.append(only(engagement, OCTOBER).state)
    assert states == ["missed", "booked", "missed", "booked"]
