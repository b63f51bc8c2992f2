"""Engagements by the thousand, with their series: rows written at once, past the app's verbs."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sql

from tests import make
from webapp.accounts.models import Company
from webapp.booking.models import Hold
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement
from webapp.reviews.models import ReviewSeries

COUNTRIES = ("US", "GB", "DE", "JP", "BR", "IN", "IL", "AE", "GB-SCT", "Atlantis", "")
ZONES = ("America/New_York", "Europe/London", "Asia/Kolkata", "Pacific/Apia", "Pacific/Midway")


@dataclass
class Member:
    """One engagement; countries: of its consultants, one each."""

    rule: dict[str, Any]
    first_month: date
    company_country: str = "US"
    countries: tuple[str, ...] = ("GB",)
    time_zone: str = "America/New_York"
    stage: str = "active"
    ends_on: date | None = None
    last_month: date | None = None
    engagement_id: uuid.UUID = field(default_factory=uuid.uuid4)
    company_id: uuid.UUID = field(default_factory=uuid.uuid4)
    hold_id: uuid.UUID = field(default_factory=uuid.uuid4)
    people: list[uuid.UUID] = field(default_factory=list)


def any_rule(dice: random.Random) -> dict[str, Any]:
    """One of all that may be stored."""
    when = {"at": f"{dice.randrange(24):02}:{dice.randrange(60):02}",
            "time_zone": dice.choice(ZONES)}  # fmt: skip
    nth = dice.choice([1, 2, 3, 4, "last"])
    weekday = dice.choice(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
                           "sunday"])  # fmt: skip
    days: list[dict[str, Any]] = [
        {"kind": "day_of_month", "day": dice.randint(1, 31)},
        {"kind": "nth_weekday", "nth": nth, "weekday": weekday},
        {"kind": "nth_business_day", "nth": dice.choice([*range(1, 24), "last"])},
    ]
    return dice.choice(days) | when


def insert(members: Sequence[Member]) -> None:
    """Companies, holds, engagements, assignments and series; committed."""
    consultants = _consultants(members)
    offering, sponsor = make.offering(), make.person()
    for member in members:
        member.people = [consultants[key] for key in _places(member)]
    for noun, values in (
        (Company, _company),
        (Hold, partial(_hold, offering.id)),
        (Engagement, partial(_engagement, offering.id, sponsor.id)),
        (ReviewSeries, _series),
    ):
        session.execute(sql.insert(noun), [values(member) for member in members])
    session.execute(sql.insert(Assignment), [row for one in members for row in _assignments(one)])
    session.commit()


def _consultants(members: Sequence[Member]) -> dict[tuple[str, int], uuid.UUID]:
    """By country and place: two of one country are two people."""
    wanted = {key for member in members for key in _places(member)}
    return {key: make.consultant(country=key[0]).id for key in sorted(wanted)}


def _places(member: Member) -> list[tuple[str, int]]:
    return [(country, place) for place, country in enumerate(member.countries)]


def _company(member: Member) -> dict[str, Any]:
    return {"id": member.company_id, "name": "Company", "country": member.company_country,
            "time_zone": member.time_zone}  # fmt: skip


def _hold(offering_id: uuid.UUID, member: Member) -> dict[str, Any]:
    starts = datetime.combine(member.first_month, time(10), UTC) - timedelta(days=20)
    return {
        "id": member.hold_id, "offering_id": offering_id, "consultant_id": member.people[0],
        "starts_at": starts, "ends_at": starts + timedelta(hours=1), "state": "confirmed",
        "time_zone": member.time_zone, "expires_at": starts,
    }  # fmt: skip


def _engagement(offering_id: uuid.UUID, sponsor_id: uuid.UUID, member: Member) -> dict[str, Any]:
    return {
        "id": member.engagement_id, "offering_id": offering_id, "hold_id": member.hold_id,
        "company_id": member.company_id, "sponsor_id": sponsor_id, "stage": member.stage,
        "time_zone": member.time_zone, "kick_off_on": member.first_month - timedelta(days=20),
        "ends_on": member.ends_on, "draft": {},
    }  # fmt: skip


def _series(member: Member) -> dict[str, Any]:
    return {"engagement_id": member.engagement_id, "rule": member.rule,
            "first_month": member.first_month, "last_month": member.last_month}  # fmt: skip


def _assignments(member: Member) -> list[dict[str, Any]]:
    return [
        {"engagement_id": member.engagement_id, "consultant_id": who, "leads": place == 0}
        for place, who in enumerate(member.people)
    ]
