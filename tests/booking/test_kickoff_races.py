"""A kick-off that is confirmed at the very moment at which its hold changes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import select

from tests import make
from tests.booking.rows import at, claims, meetings_are_claimed
from tests.booking.test_hours_races import WAITING, in_thread
from tests.booking.test_races import race
from webapp.booking.models import Booking, Hold, NotOffered, SlotTaken
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
ZONE = "America/New_York"


class Kickoff:
    """A hold of Ada's, 10:00 on the 3rd, and the engagement it is for."""

    def __init__(self) -> None:
        self.ada = make.consultant(meeting_place="https://meet.example.com/ada").id
        self.ben = make.consultant(meeting_place="https://meet.example.com/ben").id
        offering = make.offering()
        ada = session.get_one(Consultant, self.ada)
        held = Hold.take(offering, ada, at(3, 10), ZONE, minutes=60)
        self.hold_id, self.offering_id = held.id, offering.id
        self.engagement_id = make.engagement().id
        session.commit()

    @property
    def hold(self) -> Hold:
        return session.get_one(Hold, self.hold_id)

    def confirm(self) -> None:
        Booking.confirm(self.hold, self.engagement_id, "Kick-off", [])

    def take(self, hour: int) -> None:
        offering = session.get_one(Offering, self.offering_id)
        Hold.take(offering, session.get_one(Consultant, self.ada), at(3, hour), ZONE)


@pytest.fixture
def kickoff(app: object) -> Kickoff:
    return Kickoff()


def confirmed_during(kickoff: Kickoff, change: Callable[[], None]) -> Booking:
    """The kick-off, when it is confirmed with a change of its hold made and not yet committed."""
    read, changed, go_on = Event(), Event(), Event()

    def confirm() -> None:
        assert kickoff.hold.starts_at == at(3, 10)
        read.set()
        changed.wait(10)
        kickoff.confirm()

    def alter() -> None:
        read.wait(10)
        change()
        session.flush()
        changed.set()
        go_on.wait(10)

    with ThreadPoolExecutor(2) as pool:
        confirming: Future[None] = in_thread(pool, confirm)
        altering: Future[None] = in_thread(pool, alter)
        with pytest.raises(TimeoutError):
            confirming.result(WAITING)
        go_on.set()
        altering.result()
        confirming.result()
    return session.scalars(select(Booking)).one()


def test_a_kickoff_is_booked_at_the_time_its_hold_is_moved_to_meanwhile(kickoff: Kickoff) -> None:
    booking = confirmed_during(kickoff, lambda: kickoff.hold.move(at(3, 14)))
    assert (booking.starts_at, booking.ends_at) == (at(3, 14), at(3, 15))
    meetings_are_claimed()
    kickoff.take(10)
    with pytest.raises(SlotTaken):
        kickoff.take(14)


def test_a_kickoff_is_booked_with_whom_its_hold_is_moved_to_meanwhile(kickoff: Kickoff) -> None:
    def to_ben() -> None:
        kickoff.hold.move_to_any([[session.get_one(Consultant, kickoff.ben)]], at(3, 11))

    booking = confirmed_during(kickoff, to_ben)
    assert (booking.starts_at, booking.place) == (at(3, 11), "https://meet.example.com/ben")
    assert [who.id for who in booking.consultants] == [kickoff.ben]
    assert claims(session.get_one(Consultant, kickoff.ada)) == []
    meetings_are_claimed()


@pytest.mark.parametrize("confirmations", [1, 4])
def test_moved_and_confirmed_by_many_it_is_one_meeting_at_the_time_it_takes(
    kickoff: Kickoff, confirmations: int
) -> None:
    hours = (9, 11, 13, 14, 15)
    moves = [lambda hour=hour: kickoff.hold.move(at(3, hour)) for hour in hours]
    outcome = race([*moves, *[kickoff.confirm] * confirmations])
    assert set(outcome) <= {"won", NotOffered.__name__} and outcome["won"] >= confirmations
    session.scalars(select(Booking)).one()
    meetings_are_claimed()
