"""Calendar: telling of moved and cancelled meetings, capacity a year ahead, expired holds."""

from __future__ import annotations

import uuid
from datetime import datetime

from webapp.booking import letters, upkeep
from webapp.booking.models import Booking, Hold
from webapp.db import session
from workers import job
from workers.plan import planner


@job.task("booking.tell_moved")
def tell_moved(booking_id: str, sequence: int, old_start: str) -> None:
    booking = session.get_one(Booking, uuid.UUID(booking_id))
    letters.tell_moved(booking, sequence, datetime.fromisoformat(old_start))


@job.task("booking.tell_cancelled")
def tell_cancelled(booking_id: str, sequence: int) -> None:
    letters.tell_cancelled(session.get_one(Booking, uuid.UUID(booking_id)), sequence)


@job.task("booking.extend_capacity")
def extend_capacity(hold_id: str, _month: str) -> None:
    session.get_one(Hold, uuid.UUID(hold_id)).extend_capacity()


@planner("booking.extend_capacity")
def plan_capacity() -> None:
    upkeep.plan_capacity()


@planner("booking.sweep_expired_holds")
def sweep_expired_holds() -> None:
    upkeep.sweep_expired_holds()
