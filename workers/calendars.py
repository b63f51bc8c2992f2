"""Outside calendars: reading them, keeping our meetings in them, leaving them."""

from __future__ import annotations

import uuid

from webapp.booking.outside import accounts, copies, reading
from workers.job import task
from workers.plan import planner


@task("calendars.read")
def read(calendar_id: str) -> None:
    reading.read(uuid.UUID(calendar_id))


@planner("calendars.read")
def plan_readings() -> None:
    reading.plan_readings()


@task("calendars.copy")
def copy(copy_id: str) -> None:
    copies.bring_up_to_date(uuid.UUID(copy_id))


@task("calendars.leave")
def leave(account_id: str) -> None:
    accounts.leave(uuid.UUID(account_id))


planner("calendars.copies")(copies.plan_copies)
planner("calendars.leaving")(accounts.plan_leaving)
planner("calendars.forget_unused")(accounts.forget_unused)
