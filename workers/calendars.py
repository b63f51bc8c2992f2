"""Outside calendars: reading them."""

from __future__ import annotations

import uuid

from webapp.booking.outside import reading
from workers.job import task
from workers.plan import planner


@task("calendars.read")
def read(calendar_id: str) -> None:
    reading.read(uuid.UUID(calendar_id))


@planner("calendars.read")
def plan_readings() -> None:
    reading.plan_readings()
