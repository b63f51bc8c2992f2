"""One month's review: due, booked, then held, missed or cancelled."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking.models import Booking, MeetingOver, SlotTaken
from webapp.db import Base, Identified, session
from webapp.engagements.models import Engagement
from webapp.reviews import mails
from webapp.reviews.models.series import ReviewSeries
from webapp.reviews.times import free_near

STATES = ("due", "booked", "held", "missed", "cancelled")
OPEN = ("due", "booked")
RUNNING = ("onboarding", "active", "paused", "ending")
# Who lost a race for a time takes the next; whoever lost this many is better off asking people.
MOST_TRIES = 6
# A review that is nobody's by the 25th of its month, or days after its time, was missed.
MISSED_ON_DAY = 25
DAYS_TO_PLACE = timedelta(days=7)
DAYS_TO_RECORD = timedelta(days=3)


class IllegalReview(ValueError):
    """The step is not possible; the message says why, for a person to read."""


class Review(Identified, Base):
    """One per engagement and month, whatever is killed, restarted or run twice.

    due_on: the date the rule gives; note: what a person must know when it could not be placed.
    """

    __tablename__ = "review"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"), index=True)
    month: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(default="due")
    booking_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("booking.id"), unique=True)
    summary: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    held_at: Mapped[datetime | None]
    engagement: Mapped[Engagement] = relationship()
    booking: Mapped[Booking | None] = relationship()

    __table_args__ = (
        UniqueConstraint("engagement_id", "month"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("extract(day from month) = 1", name="month"),
    )

    @classmethod
    def visible_to(cls, person: Person) -> Select[Review]:
        """The reviews of the engagements a person may see."""
        mine = Engagement.visible_to(person).with_only_columns(Engagement.id)
        return select(cls).where(cls.engagement_id.in_(mine))

    @property
    def series(self) -> ReviewSeries:
        found = ReviewSeries.of(self.engagement_id)
        assert found is not None, "a review is planned from its series"
        return found

    @property
    def title(self) -> str:
        company = self.engagement.company
        return f"Monthly review: {company.name if company else self.engagement.title}"

    @property
    def begun(self) -> bool:
        return self.booking is not None and clock.now() >= self.booking.starts_at

    # -- finding a time ----------------------------------------------------------------------------

    def place(self) -> None:
        """Put a due review into both calendars at its rule's time, or as near to it as is free.

        Where nothing is free within three business days it stays due, with a note for people.
        """
        if self.lock().state != "due" or self.engagement.stage not in RUNNING:
            return
        if not any(self._take(start) for start in self._candidates()):
            self.note = "Nobody's free time within three business days of it was found."

    def take_time(self, starts_at: datetime) -> None:
        """Meet at a time that a person chose. Raises IllegalReview, or SlotTaken."""
        if self.lock().state != "due":
            raise IllegalReview("This review has a time already, or is over.")
        self._book(starts_at)

    def _candidates(self) -> Iterator[datetime]:
        rule, minutes = self.series.when, self.series.minutes
        wanted = rule.instant(self.due_on)
        yield wanted
        near = free_near(self.engagement, rule, self.due_on, minutes)
        yield from [start for start in near if start != wanted][:MOST_TRIES]

    def _take(self, starts_at: datetime) -> bool:
        try:
            self._book(starts_at)
        except SlotTaken:
            return False
        return True

    def _book(self, starts_at: datetime) -> None:
        engagement = self.engagement
        self.booking = Booking.schedule(
            "review",
            engagement.id,
            [row.consultant for row in engagement.assignments],
            starts_at,
            self.series.minutes,
            engagement.time_zone,
            self.title,
            engagement.lead.meeting_place,
            self.people(),
        )
        self.state, self.note = "booked", ""
        audit.record("review.booked", self, starts_at=starts_at.isoformat())
        mails.invite(self)

    def people(self) -> list[tuple[Person, str]]:
        """Who comes: the sponsor and the leaders of the client, and all consultants."""
        company, sponsor = self.engagement.company, self.engagement.sponsor
        assert company is not None and sponsor is not None, "a running engagement has its parties"
        sides = {sponsor.id: (sponsor, "client")}
        sides |= {who.id: (who, "client") for who in company.people(Role.LEADER)}
        each = (row.consultant.person for row in self.engagement.assignments)
        sides |= {who.id: (who, "consultant") for who in each}
        return list(sides.values())

    # -- what becomes of it ------------------------------------------------------------------------

    def hold(self, person: Person, summary: str) -> None:
        """It took place; what was decided goes to the sponsor. Raises IllegalReview."""
        if self.lock().state != "booked" or self.booking is None:
            raise IllegalReview("This review is not waiting to be recorded.")
        try:
            self.booking.hold()
        except MeetingOver as over:
            raise IllegalReview("The review has not begun yet, or was called off.") from over
        self.state, self.summary, self.held_at = "held", summary, clock.now()
        audit.record("review.held", self, by=person.email)
        mails.send_summary(self)

    def miss(self) -> None:
        """The month is nearly over, or its time is days past, and nobody said that it was held."""
        if self.lock().state not in OPEN or not self.overdue:
            return
        if self.booking and self.booking.state == "booked":
            self.booking.miss()
        self.state = "missed"
        audit.record("review.missed", self)

    def cancel(self, reason: str) -> None:
        """It will not take place; where it was in calendars, both sides are told."""
        if self.lock().state not in OPEN:
            return
        if self.booking and self.booking.movable:
            self.booking.cancel(reason)
        self.state, self.note = "cancelled", ""
        audit.record("review.cancelled", self, reason=reason)

    @property
    def overdue(self) -> bool:
        """Past the 25th of its month, and past the time given to place or to record it."""
        return self.engagement.local_date(clock.now()) >= self.overdue_on

    @property
    def overdue_on(self) -> date:
        day = self.due_on + DAYS_TO_PLACE
        if self.booking:
            day = self.engagement.local_date(self.booking.starts_at) + DAYS_TO_RECORD
        return max(day, self.month.replace(day=MISSED_ON_DAY))

    def lock(self) -> Review:
        """Hold the row until the transaction ends, and read it afresh."""
        session.flush()
        session.refresh(self, with_for_update=True)
        return self
