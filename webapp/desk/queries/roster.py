"""Lists of engagements: a consultant's clients, a client's engagements and unfinished bookings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from webapp import clock
from webapp.accounts.models import Company, Person
from webapp.billing.queries import MoneyLine, money_of
from webapp.booking.models import Booking, Hold
from webapp.db import session
from webapp.desk.queries.needs import RUNNING, roster_of
from webapp.engagements.models import Assignment, Engagement

PAST = ("ended",)
UNFINISHED_SHOWN = 5
NAMES = (
    joinedload(Engagement.company),
    joinedload(Engagement.offering),
    selectinload(Engagement.terms_history),
)


@dataclass(frozen=True)
class Line:
    """One engagement in a list, with what is next and whether it is paid."""

    engagement: Engagement
    next_meeting: Booking | None
    money: MoneyLine | None


def clients_of(person: Person, past: bool = False) -> Select[Any]:
    """The engagements a consultant works on (past: worked on), by the client's name."""
    theirs = Engagement.id.in_(roster_of(person))
    rows = Engagement.visible_to(person).where(theirs, _in(PAST if past else RUNNING))
    return rows.join(Engagement.company).options(*NAMES).order_by(Company.name, Engagement.id)


def bought_by(person: Person) -> Sequence[Engagement]:
    """A client's own engagements that are under way or over, the newest first."""
    leads = selectinload(Engagement.assignments).joinedload(Assignment.consultant)
    theirs = Engagement.company_id.in_(person.company_ids)
    rows: Select[Any] = Engagement.visible_to(person).where(theirs, _in(RUNNING + PAST))
    newest = rows.order_by(Engagement.stage == "ended", Engagement.created_at.desc())
    return session.scalars(newest.options(*NAMES, leads)).all()


def _in(stages: Sequence[str]) -> ColumnElement[bool]:
    return Engagement.stage.in_(stages)


def lines(engagements: Sequence[Engagement]) -> list[Line]:
    """In a constant number of queries, however many there are."""
    ids = [engagement.id for engagement in engagements]
    meetings, money = Booking.next_of(ids), money_of(ids)
    return [Line(row, meetings.get(row.id), money.get(row.id)) for row in engagements]


def unfinished_of(person: Person) -> Sequence[Engagement]:
    """Bookings that this client began, or that the firm began for them, and that are not paid.

    A stranger who types somebody's address makes nothing appear here: only what the person did
    while signed in, or what a coordinator sent to them.
    """
    with_whom = joinedload(Engagement.hold).selectinload(Hold.seat_rows)
    rows = (
        select(Engagement)
        .join(Engagement.hold)
        .where(_in(("enquiry", "signed")), _begun_for(person), Hold.starts_at > clock.now())
        .order_by(Engagement.created_at.desc())
        .limit(UNFINISHED_SHOWN)
    )
    return session.scalars(rows.options(joinedload(Engagement.offering), with_whom)).all()


def _begun_for(person: Person) -> ColumnElement[bool]:
    draft = Engagement.draft
    to_them = func.lower(draft["contact_email"].astext) == person.email.lower()
    return or_(
        Engagement.sponsor_id == person.id,
        draft["person_id"].astext == str(person.id),
        Engagement.booked_by_id.is_not(None) & to_them,
    )
