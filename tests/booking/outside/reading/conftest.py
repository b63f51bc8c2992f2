"""A consultant whose one outside calendar has been read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.booking.outside.servers import CalendarServer, event, ics
from tests.booking.rows import at
from webapp.accounts.models import Person
from webapp.booking.models import open_slots
from webapp.booking.outside.models import OutsideBusy, OutsideCalendar
from webapp.booking.outside.subscribing import subscribe
from webapp.catalog.models import Consultant
from webapp.db import session

Work = Callable[[], None]
After = Callable[[timedelta], None]
SignIn = Callable[[Person], FlaskClient]

DENTIST = event("dentist", "20261203T100000Z", "20261203T113000Z", "SUMMARY:Dentist")


@pytest.fixture
def consultant(server: CalendarServer) -> Consultant:
    """At work from 9 to 17, with the dentist on the 3rd from 10 to 11:30."""
    made = make.consultant(slug="vera")
    server.files["/work.ics"] = ics(DENTIST)
    return made


@pytest.fixture
def calendar(consultant: Consultant, server: CalendarServer) -> OutsideCalendar:
    made = subscribe(consultant, "Work", server.url())
    session.commit()
    return made


def on_offer(consultant: Consultant, day: int = 3) -> list[datetime]:
    session.expire_all()
    return open_slots([consultant.id], at(day, 0), at(day + 1, 0), 60)[consultant.id]


def taken(calendar: OutsideCalendar) -> list[tuple[datetime, datetime]]:
    rows = select(OutsideBusy).where(OutsideBusy.calendar_id == calendar.id)
    ordered = session.scalars(rows.order_by(OutsideBusy.starts_at))
    return [(row.starts_at, row.ends_at) for row in ordered]
