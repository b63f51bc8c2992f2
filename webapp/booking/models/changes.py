"""What becomes of a meeting: moved, called off, held, missed, booked again."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Select, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from webapp import audit, clock, outbox
from webapp.accounts.models import Person
from webapp.booking.models.availability import CalendarRules
from webapp.booking.models.claim import Claim, Span
from webapp.booking.models.freed import freed
from webapp.booking.models.occupying import Check, as_free, as_offered, contend_for, occupy
from webapp.booking.models.refusals import ChangedMeanwhile, MeetingOver, TooLate
from webapp.catalog.models import Consultant
from webapp.db import Identified, session

# Whoever is later than this has not come.
MISSED_AFTER = timedelta(minutes=15)
# What holds for a consultant who has set no rules: as the column's own default.
USUAL_NOTICE = 12 * 60
REBOOKABLE = ("missed", "cancelled")


def change_deadline(
    starts_at: datetime, consultants: Collection[uuid.UUID] | Select[uuid.UUID]
) -> datetime:
    """Until when clients change a meeting with these by themselves: the longest notice counts."""
    minutes = func.max(func.coalesce(CalendarRules.change_notice, USUAL_NOTICE))
    longest = (
        select(minutes)
        .select_from(Consultant)
        .outerjoin(CalendarRules, CalendarRules.consultant_id == Consultant.id)
        .where(Consultant.id.in_(consultants))
    )
    notice = session.scalar(longest)
    return starts_at - timedelta(minutes=USUAL_NOTICE if notice is None else notice)


class Changeable(Identified):
    """The part of a meeting that changes, under a lock on its row.

    moved_at: when it got its present time, where that is not the first. missed_side: who did not
    come ('client' or 'consultant'); None where nobody said.
    """

    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="booked")
    sequence: Mapped[int] = mapped_column(default=0)
    moved_at: Mapped[datetime | None]
    missed_side: Mapped[str | None]
    missed_at: Mapped[datetime | None]
    marked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))

    # -- verbs -------------------------------------------------------------------------------------

    def move(self, starts_at: datetime, by: Person | None = None, seen: int | None = None) -> None:
        """Meet at another time that is on offer; both sides are told.

        by: who wants it; None for the firm's own rules. seen: the sequence they saw, so that two
        who move it at once do not undo each other. Refused, the old time stands: NotOffered,
        SlotTaken with alternatives, TooLate, MeetingOver, ChangedMeanwhile.
        """
        span = Span.of(starts_at, self.span.minutes)
        contend_for(span, self.consultants, lambda: self._move(span, by, seen))

    def follow(self, starts_at: datetime) -> None:
        """Meet at the time that its rule now sets: as `move`, but at any minute that all have free.

        Both sides are told. Raises SlotTaken, MeetingOver.
        """
        span = Span.of(starts_at, self.span.minutes)
        contend_for(span, self.consultants, lambda: self._move(span, None, None, as_free))

    def cancel(self, reason: str, by: Person | None = None, seen: int | None = None) -> None:
        """Call it off and free the time; both sides are told. Raises as `move`."""
        self._open("booked", seen=seen)
        self._still_changeable(by)
        self.state = "cancelled"
        self.sequence += 1
        self._let_go()
        self._note("cancelled", by, reason=reason)
        outbox.enqueue("booking.cancelled", self.id, self.sequence)

    def hold(self) -> None:
        """It took place."""
        self._open("booked")
        if clock.now() < self.starts_at:
            raise MeetingOver
        self.state = "held"
        self._note("held", None)

    def miss(self, side: str | None = None, by: Person | None = None) -> None:
        """Its time came and a side did not, from MISSED_AFTER on; the others are told.

        Without a side nobody knows who did not come, and nobody is told.
        """
        self._open("booked")
        if clock.now() < self.starts_at + MISSED_AFTER:
            raise MeetingOver
        self.state, self.missed_side, self.missed_at = "missed", side, clock.now()
        self.marked_by_id = by.id if by else None
        self._note("missed", by, side=side)
        outbox.enqueue("booking.missed", self.id, key=f"booking.missed:{self.id}:{self.missed_at}")

    def withdraw_miss(self, by: Person | None = None) -> None:
        """They did come: the meeting stands as it was before it was marked."""
        self._open("missed")
        key = f"booking.miss_withdrawn:{self.id}:{self.missed_at}"
        self.state = "booked"
        self.missed_side = self.missed_at = self.marked_by_id = None
        self._note("miss_withdrawn", by)
        outbox.enqueue("booking.miss_withdrawn", self.id, key=key)

    def rebook(
        self, starts_at: datetime, by: Person | None = None, seen: int | None = None
    ) -> None:
        """Meet after all, at a time on offer: the same meeting in every calendar. As `move`."""
        span = Span.of(starts_at, self.span.minutes)
        contend_for(span, self.consultants, lambda: self._rebook(span, by, seen))

    # -- what may be done --------------------------------------------------------------------------

    @property
    def span(self) -> Span:
        return Span(self.starts_at, self.ends_at)

    @property
    def consultants(self) -> list[Consultant]:
        """Whose time it takes, or took until it was called off, in the order of ids."""
        off = self.state == "cancelled"
        last = Claim.starts_at == self.starts_at if off else Claim.active
        claimed = select(Claim.consultant_id).where(Claim.booking_id == self.id, last)
        rows = select(Consultant).where(Consultant.id.in_(claimed)).order_by(Consultant.id)
        return list(session.scalars(rows))

    @property
    def movable(self) -> bool:
        return self.state == "booked" and clock.now() < self.starts_at

    @property
    def markable(self) -> bool:
        """Whether one may say by now that somebody did not come."""
        return self.state == "booked" and clock.now() >= self.starts_at + MISSED_AFTER

    @property
    def unrecorded(self) -> bool:
        """Over, and nobody has said whether it took place."""
        return self.state == "booked" and clock.now() >= self.ends_at

    @property
    def change_until(self) -> datetime:
        """Until when clients move or call it off by themselves."""
        theirs = select(Claim.consultant_id).where(Claim.booking_id == self.id, Claim.active)
        return change_deadline(self.starts_at, theirs)

    def bound_by_notice(self, person: Person) -> bool:
        """Clients; the firm and its consultants change a meeting until it begins."""
        return not (person.in_firm or person.is_consultant)

    def in_time(self, person: Person) -> bool:
        return not self.bound_by_notice(person) or clock.now() < self.change_until

    # -- steps -------------------------------------------------------------------------------------

    def _move(
        self, span: Span, by: Person | None, seen: int | None, check: Check = as_offered
    ) -> None:
        self._open("booked", seen=seen)
        self._still_changeable(by)
        before = self._take_instead(span, check)
        self._note("moved", by, old=before.isoformat(), new=span.starts_at.isoformat())
        outbox.enqueue("booking.tell_moved", self.id, self.sequence, before.isoformat())

    def _rebook(self, span: Span, by: Person | None, seen: int | None) -> None:
        self._open(*REBOOKABLE, seen=seen)
        before = self._take_instead(span)
        self.state = "booked"
        self.missed_side = self.missed_at = self.marked_by_id = None
        self._note("rebooked", by, old=before.isoformat(), new=span.starts_at.isoformat())
        outbox.enqueue("booking.rebooked", self.id, self.sequence)

    def _take_instead(self, span: Span, check: Check = as_offered) -> datetime:
        """Give up the time it has for another; returns the start it had.

        MeetingOver where it is not known with whom: nobody could be met.
        """
        ids = [consultant.id for consultant in self.consultants]
        if not ids:
            raise MeetingOver
        before = self.starts_at
        self._let_go()
        occupy("booking", ids, span, check, booking_id=self.id)
        self.starts_at, self.ends_at, self.moved_at = span.starts_at, span.ends_at, clock.now()
        self.sequence += 1
        return before

    def _open(self, *states: str, seen: int | None = None) -> None:
        """Only what is in one of these states changes; two who change it at once go one by one."""
        session.refresh(self, with_for_update={"key_share": True})
        if self.state not in states:
            raise MeetingOver
        if seen is not None and seen != self.sequence:
            raise ChangedMeanwhile

    def _still_changeable(self, by: Person | None) -> None:
        if clock.now() >= self.starts_at:
            raise MeetingOver
        if by and not self.in_time(by):
            raise TooLate

    def _let_go(self) -> None:
        ours = update(Claim).where(Claim.booking_id == self.id, Claim.active)
        session.execute(ours.values(active=False), execution_options={"synchronize_session": False})
        freed()

    def _note(self, what: str, by: Person | None, **detail: object) -> None:
        """For the audit, and for the history on the meeting's page."""
        audit.record(f"meeting.{what}", self, **detail, **({"by": by.name} if by else {}))
