"""Booked meetings and who attends them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Select,
    Text,
    Uuid,
    column,
    func,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, column_property, lazyload, mapped_column, relationship

from webapp import audit, clock
from webapp.access import Role
from webapp.accounts.models import Company, Person
from webapp.booking.models.attendee import Attendee
from webapp.booking.models.changes import REBOOKABLE, Changeable
from webapp.booking.models.claim import Claim, Span
from webapp.booking.models.hold import Hold
from webapp.booking.models.occupying import as_free, contend_for, occupy
from webapp.booking.models.refusals import MeetingOver
from webapp.catalog.models import Consultant
from webapp.db import Base, session

KINDS = ("kickoff", "review")
KIND_NAMES = {"kickoff": "Kick-off", "review": "Monthly review"}
STATES = ("booked", "held", "missed", "cancelled")
REVIEW_MINUTES = 60

# Engagements are a room above this one: only the table's own names are known here.
ENGAGEMENT = table(
    "engagement", column("id", Uuid), column("company_id", Uuid), column("stage", Text)
)
UNDER_WAY = ("onboarding", "active", "paused", "ending")

# Finance sees every meeting, and changes none.
FIRM_MAY_CHANGE = frozenset({Role.OWNER, Role.COORDINATOR})
CLIENT_MAY_CHANGE = frozenset({Role.SPONSOR, Role.LEADER})


class Booking(Changeable, Base):
    """A meeting of an engagement. uid and sequence are its identity in calendars (RFC 5545).

    time_zone: the client's, in which it was agreed. A moved booking keeps its row and uid.
    """

    __tablename__ = "booking"

    kind: Mapped[str]
    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    title: Mapped[str]
    time_zone: Mapped[str]
    place: Mapped[str]
    uid: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(
        default=clock.now, onupdate=clock.now, server_default=func.now()
    )
    attendees: Mapped[list[Attendee]] = relationship(
        back_populates="booking", cascade="all, delete-orphan", lazy="selectin"
    )

    client_name: Mapped[str | None] = column_property(
        select(Company.name)
        .join(ENGAGEMENT, ENGAGEMENT.c.company_id == Company.id)
        .where(ENGAGEMENT.c.id == engagement_id)
        .correlate_except(ENGAGEMENT, Company)
        .scalar_subquery()
    )

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"state IN {STATES}", name="state"),
    )

    @classmethod
    def visible_to(cls, person: Person) -> Select[Booking]:
        """The meetings a person attends; the firm sees all."""
        if person.in_firm:
            return select(cls)
        return select(cls).where(cls.attendees.any(Attendee.person_id == person.id))

    @classmethod
    def next_of(cls, engagement_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Booking]:
        """Each engagement's next booked meeting that is not over, in one query."""
        first = (
            select(cls.id)
            .where(cls.engagement_id.in_(engagement_ids), cls.state == "booked")
            .where(cls.ends_at > clock.now())
            .ext(distinct_on(cls.engagement_id))
            .order_by(cls.engagement_id, cls.starts_at)
        )
        rows = session.scalars(
            select(cls).where(cls.id.in_(first)).options(lazyload(cls.attendees))
        )
        return {row.engagement_id: row for row in rows}

    @classmethod
    def confirm(
        cls,
        hold: Hold,
        engagement_id: uuid.UUID,
        title: str,
        people: Iterable[tuple[Person, str]],
    ) -> Booking:
        """The kick-off that a hold was for; people: (person, side). Raises SlotTaken.

        A hold that lapsed is taken again where it is still free; one confirmed before is left.
        """

        def take() -> Booking:
            # Whoever moves the hold at this moment has done so, or finds it confirmed.
            hold.lock()
            if known := cls._of(hold):
                return known
            place = hold.consultant.meeting_place
            made = cls._stored(
                "kickoff", engagement_id, hold.span, hold.time_zone, title, place, people
            )
            hold.become(made.id)
            return made

        return contend_for(hold.span, hold.team, take)

    @classmethod
    def _of(cls, hold: Hold) -> Booking | None:
        claimed = select(cls).join(Claim, Claim.booking_id == cls.id)
        return session.scalar(claimed.where(Claim.hold_id == hold.id))

    @classmethod
    def schedule(
        cls,
        kind: str,
        engagement_id: uuid.UUID,
        consultants: Sequence[Consultant],
        starts_at: datetime,
        minutes: int,
        time_zone: str,
        title: str,
        place: str,
        people: Iterable[tuple[Person, str]],
    ) -> Booking:
        """A meeting at a time that a rule sets, with all these consultants.

        Raises SlotTaken, with times near it, where one of them is not at work or not free then.
        """
        span = Span.of(starts_at, minutes)
        ids = [consultant.id for consultant in consultants]

        def take() -> Booking:
            made = cls._stored(kind, engagement_id, span, time_zone, title, place, people)
            occupy("booking", ids, span, as_free, booking_id=made.id)
            return made

        return contend_for(span, consultants, take)

    @classmethod
    def _stored(
        cls,
        kind: str,
        engagement_id: uuid.UUID,
        span: Span,
        time_zone: str,
        title: str,
        place: str,
        people: Iterable[tuple[Person, str]],
    ) -> Booking:
        made = cls(
            kind=kind, engagement_id=engagement_id, starts_at=span.starts_at, ends_at=span.ends_at,
            time_zone=time_zone, title=title, place=place, uid=str(uuid.uuid4()), state="booked",
            sequence=0, attendees=[Attendee(person=who, side=side) for who, side in people],
        )  # fmt: skip
        session.add(made)
        session.flush()
        audit.record("meeting.booked", made, kind=kind, starts_at=span.starts_at.isoformat())
        return made

    @property
    def rebookable(self) -> bool:
        """Whether it may still take place: missed or called off in an engagement under way."""
        return self.state in REBOOKABLE and self.under_way

    @property
    def under_way(self) -> bool:
        """Whether its engagement is."""
        stage = select(ENGAGEMENT.c.stage).where(ENGAGEMENT.c.id == self.engagement_id)
        return session.scalar(stage) in UNDER_WAY

    def changeable_by(self, person: Person) -> bool:
        """Whether that person may change it now, signed in or by a link.

        The firm's owners and coordinators, its consultants, and of its client those who attend
        as the sponsor or a leader.
        """
        if not person.active:
            return False
        if person.role_names & FIRM_MAY_CHANGE:
            return True
        side = self.side_of(person)
        if side == "client":
            return bool(self._client_roles(person) & CLIENT_MAY_CHANGE)
        return side == "consultant" and person.is_consultant

    def _client_roles(self, person: Person) -> set[str]:
        """In the engagement's own company: what they are elsewhere does not count."""
        company = select(ENGAGEMENT.c.company_id).where(ENGAGEMENT.c.id == self.engagement_id)
        theirs = session.scalar(company)
        return {held.role for held in person.memberships if held.company_id == theirs}

    def move(self, starts_at: datetime, by: Person | None = None, seen: int | None = None) -> None:
        """As every change, and only while the engagement is under way. MeetingOver otherwise."""
        if not self.under_way:
            raise MeetingOver
        super().move(starts_at, by, seen)

    def rebook(
        self, starts_at: datetime, by: Person | None = None, seen: int | None = None
    ) -> None:
        """As every change, and only while the engagement is under way. MeetingOver otherwise."""
        if not self.rebookable:
            raise MeetingOver
        super().rebook(starts_at, by, seen)

    @property
    def cancellable(self) -> bool:
        """A kick-off is only moved: without one there is no engagement, and ending it is apart."""
        return self.movable and self.kind != "kickoff"

    # -- what its readers see ----------------------------------------------------------------------

    def title_for(self, reader: Person) -> str:
        """'Monthly review with Ada Stone': each side reads whom it meets; the firm, which client.

        Whoever does not attend reads what their side reads.
        """
        side = self.side_of(reader) or ("client" if reader.company_ids else "consultant")
        consultants = " and ".join(who.name for who in self.people("consultant"))
        other = consultants if side == "client" else self.client_name
        return f"{KIND_NAMES[self.kind]} with {other}" if other else self.title

    def side_of(self, person: Person) -> str | None:
        return next((who.side for who in self.attendees if who.person_id == person.id), None)

    def people(self, side: str) -> list[Person]:
        return [who.person for who in self.attendees if who.side == side]
