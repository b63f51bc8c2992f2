"""Rows for tests, with sensible values; each function flushes what it made."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Company, Membership, Person
from webapp.booking.models import CalendarRules, Hold, WeeklyWindow
from webapp.booking.models.seat import seats_of
from webapp.catalog.models import Consultant, Offering
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement, Terms
from webapp.engagements.models.terms import COPIED

serial = itertools.count(1)


def saved(*rows: Any) -> Any:
    session.add_all(rows)
    session.flush()
    return rows[0]


def person(*roles: Role, company: Company | None = None, **values: Any) -> Person:
    number = next(serial)
    defaults = {"name": f"Person {number}", "email": f"person{number}@example.com"}
    made = Person(**(defaults | {"time_zone": "Europe/London"} | values))
    made.memberships = [Membership(role=role, company=company) for role in roles]
    return saved(made)  # type: ignore[no-any-return]


def company(**values: Any) -> Company:
    defaults = {"name": f"Company {next(serial)}", "time_zone": "America/New_York"}
    return saved(Company(**(defaults | values)))  # type: ignore[no-any-return]


def consultant(**values: Any) -> Consultant:
    """Open on weekdays from 9 to 17 in their zone."""
    number = next(serial)
    values.setdefault("person", person(Role.CONSULTANT))
    defaults = {
        "slug": f"consultant-{number}", "headline": "Runs operations", "roles": ["coo"],
        "industries": ["software"], "languages": ["English"], "time_zone": "Europe/London",
        "country": "GB", "days_per_month": 12, "meeting_place": "https://meet.example.com/room",
    }  # fmt: skip
    made: Consultant = saved(Consultant(**(defaults | values)))
    saved(
        CalendarRules(consultant_id=made.id, minimum_notice=60),
        *[
            WeeklyWindow(consultant_id=made.id, weekday=day, starts="09:00", ends="17:00")
            for day in range(1, 6)
        ],
    )
    return made


def offering(**values: Any) -> Offering:
    defaults = {
        "slug": f"offering-{next(serial)}", "name": "COO, four days a month", "role": "coo",
        "kind": "retainer", "summary": "Operations that run", "days_per_month": 4,
        "currency": "USD", "price_minor": 500000, "deposit_minor": 100000,
        "overage_rate_minor": 20000, "included_minutes": 1920, "minimum_months": 3,
    }  # fmt: skip
    return saved(Offering(**(defaults | values)))  # type: ignore[no-any-return]


def hold(offered: Offering, with_whom: Consultant, **values: Any) -> Hold:
    """A hold row alone; claims and capacity are the business of `Hold.take`."""
    starts = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)
    starts += timedelta(days=14)
    defaults = {
        "starts_at": starts, "ends_at": starts + timedelta(hours=1), "state": "confirmed",
        "time_zone": "America/New_York", "expires_at": clock.now() + timedelta(minutes=15),
    }  # fmt: skip
    seats = seats_of(offered, [with_whom])
    made = Hold(offering=offered, consultant=with_whom, seat_rows=seats, **(defaults | values))
    return saved(made)  # type: ignore[no-any-return]


def engagement(stage: str = "onboarding", **values: Any) -> Engagement:
    """An engagement with its company, sponsor, lead consultant and terms."""
    offered = values.pop("offering", None) or offering()
    lead = values.pop("consultant", None) or consultant()
    client = values.pop("company", None) or company()
    sponsor = values.pop("sponsor", None) or person(Role.SPONSOR, company=client)
    held = hold(offered, lead, **values.pop("hold", {}))
    made = Engagement(
        offering=offered, hold=held, company=client, sponsor=sponsor, stage=stage,
        **({"time_zone": client.time_zone, "kick_off_on": held.starts_at.date()} | values),
    )  # fmt: skip
    saved(made, Assignment(engagement=made, consultant=lead))
    saved(terms(made))
    return made


def terms(made: Engagement, **other: Any) -> Terms:
    values = {name: getattr(made.offering, name) for name in COPIED}
    return Terms(engagement_id=made.id, **({"valid_from": made.kick_off_on} | values | other))


def on_another_plan(name: str, planned: str = "A plan to come", **values: Any) -> Engagement:
    """Under way since forty days, and on another plan since yesterday; one more is planned."""
    today = clock.now().date()
    made = engagement("active", kick_off_on=today - timedelta(days=40), **values)
    saved(terms(made, name=name, valid_from=today - timedelta(days=1)))
    saved(terms(made, name=planned, valid_from=today + timedelta(days=20)))
    session.refresh(made, ["terms_history"])
    return made
