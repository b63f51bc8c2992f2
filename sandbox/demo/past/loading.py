"""Living the past: once, before anything else is there; one that was broken off goes on."""

import os
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from sandbox.demo.past.clients import GROWN, JUDITH, Past
from sandbox.demo.past.days import Days
from sandbox.demo.past.deeds import Story
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.config import Settings
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.web import firm_zone

BEFORE_ALL = timedelta(days=1)


def begin(settings: Settings) -> Days | None:
    """Set the clocks back; None where the past is over, there never was one, or none is wanted
    (DEMO_PAST=off, for whoever starts many demos)."""
    if os.environ.get("DEMO_PAST") == "off":
        return None
    days = Days.of(settings)
    if days is None or days.in_the_past:
        return days
    booked = session.scalar(select(Engagement.id).limit(1))
    session.rollback()
    if booked or clock.offset():
        return None
    days.set_back(datetime.combine(_past().first_day - BEFORE_ALL, time(12), UTC))
    return days


def live(days: Days, password: str) -> None:
    days.live(Story(_past(), days.stand_in, password).deeds())


def people() -> list[tuple[Role, str]]:
    """Who of those times can sign in, where they were lived."""
    known = [(Role.CONSULTANT, JUDITH.email), (Role.SPONSOR, GROWN.contact_email)]
    return [(role, email) for role, email in known if Person.with_email(email)]


def _past() -> Past:
    """Counted back from the machine's today, wherever business time is."""
    return Past(clock.machine_now().astimezone(ZoneInfo(firm_zone())).date())
