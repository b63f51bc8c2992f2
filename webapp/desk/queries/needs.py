"""What needs a consultant today: derived from the facts, in one statement."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from webapp import clock
from webapp.accounts.models import Company, Person
from webapp.billing.models import Invoice
from webapp.booking.models import Booking
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement, OnboardingStep
from webapp.reviews.models import Review

RUNNING = ("onboarding", "active", "paused", "ending")
PREPARE_WITHIN = timedelta(days=7)
NEW_WITHIN = timedelta(days=2)
# The order in which a consultant should take them up.
KINDS = ("payment", "kickoff", "review", "unplaced", "steps", "prepare")


@dataclass(frozen=True)
class Need:
    """subject_id: the meeting, review or invoice it is about, or the engagement itself.

    at: its instant, or on: its date where it has no time; count: how many of the kind.
    """

    kind: str
    engagement_id: uuid.UUID
    subject_id: uuid.UUID
    company: str
    at: datetime | None
    on: date | None
    count: int


def roster_of(person: Person) -> Select[uuid.UUID]:
    """The ids of the engagements a person works on."""
    mine = select(Assignment.engagement_id).join(Consultant)
    return mine.where(Consultant.person_id == person.id)


def needs_of(person: Person) -> list[Need]:
    """The most pressing first; of one kind, the longest overdue first."""
    rows = session.execute(union_all(*_facts(person)))
    found = [Need(*row) for row in rows]
    return sorted(found, key=lambda need: (KINDS.index(need.kind), _when(need), need.company))


def _when(need: Need) -> date:
    return need.at.date() if need.at else need.on or date.max


def _facts(person: Person) -> Iterator[Select[Any]]:
    now = clock.now()
    mine = (Engagement.id.in_(roster_of(person)), Engagement.stage.in_(RUNNING))
    for fact in (
        _failed_payments(),
        _unrecorded_kickoffs(now),
        _unrecorded_reviews(now),
        _unplaced_reviews(),
        _steps_due(now.astimezone(ZoneInfo(person.time_zone)).date()),
        _kickoffs_to_prepare(now),
    ):
        yield fact.where(*mine)


def _need(
    kind: str,
    subject: Any,
    at: Any = None,
    on: Any = None,
    count: Any = None,
) -> Select[Any]:
    """The columns of a Need, in its order."""
    columns = (
        literal(kind, Text),
        Engagement.id,
        subject,
        Company.name,
        cast(null() if at is None else at, DateTime(timezone=True)),
        cast(null() if on is None else on, Date),
        literal(1, Integer) if count is None else count,
    )
    return select(*columns).select_from(Engagement).join(Company)


def _failed_payments() -> Select[Any]:
    """Tried in vain, or sent and overdue; not what is on its way, or was paid elsewhere."""
    tried = (Invoice.collection == "card") & (Invoice.attempts > 0)
    overdue = (Invoice.collection == "invoice") & (Invoice.due_on < clock.now().date())
    owed = (Invoice.status == "open") & ~Invoice.processing & or_(tried, overdue)
    need = _need("payment", Invoice.id, at=Invoice.issued_at)
    ours = need.join(Invoice, Invoice.engagement_id == Engagement.id)
    return ours.where(Invoice.settled_note == "", or_(owed, Invoice.status == "uncollectible"))


def _meetings(need: Select[Any], kind: str) -> Select[Any]:
    """Those that are still booked: neither held nor missed nor called off."""
    ours = need.join(Booking, Booking.engagement_id == Engagement.id)
    return ours.where(Booking.kind == kind, Booking.state == "booked")


def _unrecorded_kickoffs(now: datetime) -> Select[Any]:
    need = _need("kickoff", Booking.id, at=Booking.starts_at)
    return _meetings(need, "kickoff").where(Booking.ends_at <= now)


def _unrecorded_reviews(now: datetime) -> Select[Any]:
    need = _need("review", Review.id, at=Booking.starts_at)
    over = _meetings(need, "review").where(Booking.ends_at <= now)
    return over.join(Review, Review.booking_id == Booking.id).where(Review.state == "booked")


def _unplaced_reviews() -> Select[Any]:
    """The planner looked for a time, found none, and left a note."""
    need = _need("unplaced", Review.id, on=Review.due_on)
    ours = need.join(Review, Review.engagement_id == Engagement.id)
    return ours.where(Review.state == "due", Review.note != "")


def _steps_due(today: date) -> Select[Any]:
    due = func.min(OnboardingStep.due_on)
    need = _need("steps", Engagement.id, on=due, count=func.count())
    return (
        need.join(OnboardingStep, OnboardingStep.engagement_id == Engagement.id)
        .where(OnboardingStep.owner == "consultant", OnboardingStep.due_on <= today)
        .where(OnboardingStep.done_at.is_(None), OnboardingStep.waived_at.is_(None))
        .group_by(Engagement.id, Company.name)
    )


def _kickoffs_to_prepare(now: datetime) -> Select[Any]:
    """Close at hand, or so new that the consultant has hardly seen it."""
    near = Booking.starts_at <= now + PREPARE_WITHIN
    fresh = Booking.created_at >= now - NEW_WITHIN
    need = _need("prepare", Booking.id, at=Booking.starts_at)
    return _meetings(need, "kickoff").where(Booking.starts_at > now, or_(near, fresh))
