"""Meetings that another consultant takes over while one is away."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, Select, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.accounts.models import Person
from webapp.booking.models.absence import Absence
from webapp.booking.models.attendee import Attendee
from webapp.booking.models.claim import Claim
from webapp.booking.models.contention import contend
from webapp.booking.models.meeting import Booking
from webapp.booking.models.occupying import as_free, line_up, occupy
from webapp.booking.models.open_times import calendars
from webapp.booking.models.refusals import MeetingOver, SlotTaken
from webapp.catalog.models import Consultant
from webapp.db import Base, Identified, session

# What was decided in a meeting is written down within a fortnight.
TO_WRITE_UP = timedelta(days=14)


class Handover(Identified, Base):
    """A meeting of the absence's consultant that the substitute has now.

    The row goes when the absence ends early; what happened is in the audit.
    """

    __tablename__ = "handover"

    absence_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("absence.id"), index=True)
    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    substitute_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"))
    handed_at: Mapped[datetime] = mapped_column(default=clock.now)
    absence: Mapped[Absence] = relationship()
    booking: Mapped[Booking] = relationship()
    substitute: Mapped[Consultant] = relationship()

    __table_args__ = (UniqueConstraint("absence_id", "booking_id"),)

    @classmethod
    def engagements_of(cls, person: Person) -> Select[uuid.UUID]:
        """Engagements in which that person stands in: until a while after the meeting."""
        over = clock.now() - TO_WRITE_UP
        return (
            select(Booking.engagement_id)
            .join(cls, cls.booking_id == Booking.id)
            .join(Consultant, Consultant.id == cls.substitute_id)
            .where(Consultant.person_id == person.id, Booking.ends_at > over)
            .where(Booking.state != "cancelled")
            .where(Booking.attendees.any(Attendee.person_id == person.id))
        )


def free_to_stand_in(substitute: Consultant, meetings: Iterable[Booking]) -> set[uuid.UUID]:
    """The ids of those meetings at which the substitute works and has nothing else."""
    wanted = sorted(meetings, key=lambda booking: booking.starts_at)
    if not wanted:
        return set()
    read = calendars([substitute.id], wanted[0].starts_at, wanted[-1].ends_at)[substitute.id]
    return {row.id for row in wanted if read.free(row.starts_at, row.span.minutes)}


def hand_over(absence: Absence, meetings: Iterable[Booking]) -> list[Booking]:
    """Give the meetings to the absence's substitute; those that could be given.

    Everybody concerned is told by mail. What the substitute cannot take stays where it is.
    """
    if absence.substitute is None:
        return []
    giver, taker = absence.consultant, absence.substitute
    handed = [row for row in in_turn(meetings) if _passed(row, giver, taker)]
    for booking in handed:
        session.add(Handover(absence=absence, booking=booking, substitute=absence.substitute))
    return handed


def come_back(absence: Absence, today: date) -> tuple[list[Booking], list[Booking]]:
    """End an absence early, on that date; what is still ahead of its meetings is handed back.

    Two lists: those taken back, and those that stay with the substitute, as the consultant has
    something else by now.
    """
    rows = select(Handover).join(Handover.booking).where(Handover.absence_id == absence.id)
    handed = session.scalars(rows.order_by(Booking.starts_at)).all()
    consultant = absence.consultant
    for row in handed:
        session.delete(row)
    absence.end(today)
    session.flush()
    substitutes = {row.booking_id: row.substitute for row in handed}
    taken: list[Booking] = []
    left: list[Booking] = []
    for booking in in_turn(row.booking for row in handed):
        substitute = substitutes[booking.id]
        if _still_has(substitute, booking):
            (taken if _passed(booking, substitute, consultant) else left).append(booking)
    return taken, left


def would_come_back(absence: Absence, today: date) -> tuple[list[Booking], set[uuid.UUID]]:
    """What ending an absence would do: the meetings in question, the ids of those that come back.

    It is tried within a savepoint that is given up; nothing changes.
    """
    rows = select(Handover).join(Handover.booking).where(Handover.absence_id == absence.id)
    handed = session.scalars(rows.order_by(Booking.starts_at)).all()
    meetings = [row.booking for row in handed if _still_has(row.substitute, row.booking)]
    trial = session.begin_nested()
    for row in handed:
        session.delete(row)
    consultant = absence.consultant
    absence.end(today)
    session.flush()
    free = free_to_stand_in(consultant, meetings)
    trial.rollback()
    return meetings, free


def in_turn(meetings: Iterable[Booking]) -> list[Booking]:
    """The meetings, all locked in the order of ids and read afresh; returned in order of time.

    So no two who change several of them wait for each other. Whoever also lines up for hours
    (hours_lock) does it afterwards, as everybody who moves a meeting does.
    """
    ids = sorted({row.id for row in meetings})
    rows = select(Booking).where(Booking.id.in_(ids)).order_by(Booking.id)
    locked = rows.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = contend(lambda: session.scalars(locked).all())
    return sorted(found, key=lambda row: row.starts_at)


def hold_still(consultant: Consultant) -> None:
    """Lock all meetings that are ahead of a consultant: see `in_turn`."""
    ahead = select(Booking).join(Claim, Claim.booking_id == Booking.id).where(
        Claim.consultant_id == consultant.id, Claim.active, Booking.state == "booked",
        Booking.starts_at > clock.now(),
    )  # fmt: skip
    in_turn(session.scalars(ahead).unique())


def hold_handed_still(absence: Absence) -> None:
    """Lock all meetings that were handed over in an absence: see `in_turn`."""
    handed = select(Booking).join(Handover).where(Handover.absence_id == absence.id)
    in_turn(session.scalars(handed))


def _still_has(substitute: Consultant, booking: Booking) -> bool:
    return booking.movable and substitute in booking.consultants


def _passed(booking: Booking, giver: Consultant, taker: Consultant) -> bool:
    try:
        contend(lambda: _pass(booking, giver, taker))
    except (SlotTaken, MeetingOver):
        return False
    return True


def _pass(booking: Booking, giver: Consultant, taker: Consultant) -> None:
    """The same meeting with somebody else: whole or not at all, within a savepoint."""
    session.refresh(booking, with_for_update={"key_share": True})
    if not (booking.movable and giver in booking.consultants):
        raise MeetingOver
    line_up([taker.id])
    _give_up(booking, giver)
    occupy("booking", [taker.id], booking.span, as_free, booking_id=booking.id)
    for attendee in booking.attendees:
        if attendee.person_id == giver.person_id:
            attendee.person = taker.person
    if booking.place == giver.meeting_place:
        booking.place = taker.meeting_place
    booking.sequence += 1
    audit.record("meeting.handed_over", booking, giver=giver.name, taker=taker.name)
    outbox.enqueue("booking.handed_over", booking.id, booking.sequence, giver.id, taker.id)


def _give_up(booking: Booking, giver: Consultant) -> None:
    """Whose claim is gone is none of the meeting's consultants any more."""
    theirs = Claim.booking_id == booking.id, Claim.consultant_id == giver.id
    session.execute(delete(Claim).where(*theirs), execution_options={"synchronize_session": False})
