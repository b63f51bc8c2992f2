"""Calendar: telling of what changed and what is near, capacity a year ahead, expired holds."""

from __future__ import annotations

import uuid
from datetime import datetime

from webapp.accounts.models import Person
from webapp.booking import history, upkeep
from webapp.booking.mails import calendar_letters, letters, reminding, second_notices
from webapp.booking.models import Booking, Hold
from webapp.db import session
from webapp.reviews.models import Review
from workers import job
from workers.plan import planner


def _booking(booking_id: str) -> Booking:
    return session.get_one(Booking, uuid.UUID(booking_id))


@job.task("booking.tell_moved")
def tell_moved(booking_id: str, sequence: int, old_start: str) -> None:
    letters.tell_moved(_booking(booking_id), sequence, datetime.fromisoformat(old_start))


@job.task("booking.cancelled")
def cancelled(booking_id: str, sequence: int) -> None:
    booking = _booking(booking_id)
    letters.tell_cancelled(booking, sequence)
    if review := Review.of_booking(booking.id):
        review.called_off(history.why_cancelled(booking))


@job.task("booking.missed")
def missed(booking_id: str) -> None:
    letters.tell_missed(_booking(booking_id), "at once")
    if review := Review.of_booking(uuid.UUID(booking_id)):
        review.was_missed()


@job.task("booking.miss_withdrawn")
def miss_withdrawn(booking_id: str) -> None:
    if review := Review.of_booking(uuid.UUID(booking_id)):
        review.booked_again()


@job.task("booking.rebooked")
def rebooked(booking_id: str, sequence: int) -> None:
    letters.tell_rebooked(_booking(booking_id), sequence)
    if review := Review.of_booking(uuid.UUID(booking_id)):
        review.booked_again()


@job.task("booking.handed_over")
def handed_over(booking_id: str, sequence: int, giver_id: str, taker_id: str) -> None:
    parties = uuid.UUID(giver_id), uuid.UUID(taker_id)
    calendar_letters.tell_handed_over(_booking(booking_id), sequence, *parties)


@job.task("booking.tell_missed_again")
def tell_missed_again(booking_id: str, person_id: str, missed_at: str, due: str) -> None:
    told, marked = uuid.UUID(person_id), datetime.fromisoformat(missed_at)
    second_notices.tell_again(_booking(booking_id), told, marked, datetime.fromisoformat(due))


@job.task("booking.remind")
def remind(booking_id: str, person_id: str, minutes: int, starts_at: str) -> None:
    person = session.get_one(Person, uuid.UUID(person_id))
    reminding.remind(_booking(booking_id), person, minutes, datetime.fromisoformat(starts_at))


@job.task("booking.availability_changed")
def availability_changed(consultant_id: str, part: str, outside: int, change: str) -> None:
    calendar_letters.tell_changed(uuid.UUID(consultant_id), part, outside, change)


@job.task("booking.extend_capacity")
def extend_capacity(hold_id: str, _month: str) -> None:
    session.get_one(Hold, uuid.UUID(hold_id)).extend_capacity()


planner("booking.reminders")(reminding.plan_reminders)
planner("booking.second_notices")(second_notices.plan_second_notices)


@planner("booking.extend_capacity")
def plan_capacity() -> None:
    upkeep.plan_capacity()


@planner("booking.sweep_expired_holds")
def sweep_expired_holds() -> None:
    upkeep.sweep_expired_holds()
