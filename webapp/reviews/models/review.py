"""One month's review: due, booked, then held, missed or called off."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    UniqueConstraint,
    false,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock
from webapp.accounts.models import Person
from webapp.booking.days import next_business_days
from webapp.booking.models import Booking, MeetingOver
from webapp.db import Base, session
from webapp.engagements.models import Engagement
from webapp.reviews import mails
from webapp.reviews.models.placing import Placeable
from webapp.reviews.models.refusals import IllegalReview
from webapp.reviews.models.series import ReviewSeries
from webapp.reviews.times import holidays_of

STATES = ("due", "booked", "held", "missed", "cancelled")
OPEN = ("due", "booked")
# A review without a time, or that nobody recorded, counts as missed from the 25th of its month
# on; later where its date leaves people less than these days to see to it.
MISSED_ON_DAY = 25
DAYS_TO_PLACE = timedelta(days=7)
BUSINESS_DAYS_TO_RECORD = 3


class Review(Placeable, Base):
    """One per engagement and month, whatever is killed, restarted or run twice.

    due_on: the date the rule gives; note: what a person must know when it could not be placed.
    suspended: called off because the engagement pauses or ends before it; should that change
    while its month is not over, it comes back.
    """

    __tablename__ = "review"

    engagement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("engagement.id"))
    month: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(default="due")
    booking_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("booking.id"), unique=True)
    summary: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    held_at: Mapped[datetime | None]
    suspended: Mapped[bool] = mapped_column(default=False, server_default=false())
    engagement: Mapped[Engagement] = relationship()
    booking: Mapped[Booking | None] = relationship()

    __table_args__ = (
        UniqueConstraint("engagement_id", "month"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("extract(day from month) = 1", name="month"),
        # What the planners look for each minute, so that they never read what is settled.
        Index("ix_review_waiting", "due_on", postgresql_where=text("state = 'due'")),
        Index("ix_review_open", "month", postgresql_where=text("state IN ('due', 'booked')")),
        Index("ix_review_suspended", "month", postgresql_where=text("suspended")),
    )

    @classmethod
    def visible_to(cls, person: Person) -> Select[Review]:
        """The reviews of the engagements a person may see."""
        mine = Engagement.visible_to(person).with_only_columns(Engagement.id)
        return select(cls).where(cls.engagement_id.in_(mine))

    @classmethod
    def of_booking(cls, booking_id: uuid.UUID) -> Review | None:
        """The review that a meeting is for."""
        found: Review | None = session.scalar(select(cls).where(cls.booking_id == booking_id))
        return found

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

    # -- what its meeting tells it -----------------------------------------------------------------

    def called_off(self, reason: str) -> None:
        """Somebody called its meeting off."""
        if self.lock().state == "booked" and self._meeting_is("cancelled"):
            self.state, self.note = "cancelled", ""
            audit.record("review.cancelled", self, reason=reason)

    def was_missed(self) -> None:
        """Somebody marked its meeting as missed."""
        if self.lock().state == "booked" and self._meeting_is("missed"):
            self._miss()

    def booked_again(self) -> None:
        """Its meeting stands after all: booked anew, or not missed."""
        if self.lock().state in {"cancelled", "missed"} and self._meeting_is("booked"):
            self.state, self.note, self.suspended = "booked", "", False
            audit.record("review.booked_again", self)

    def _meeting_is(self, state: str) -> bool:
        return self.booking is not None and self.booking.state == state

    # -- what becomes of it ------------------------------------------------------------------------

    def hold(self, person: Person, summary: str) -> None:
        """It took place; what was decided goes to the sponsor. Raises IllegalReview."""
        if not self.lock().recordable or self.booking is None:
            raise IllegalReview("This review is not waiting to be recorded.")
        try:
            self.booking.hold()
        except MeetingOver as over:
            raise IllegalReview("The review has not begun yet, or was called off.") from over
        self.state, self.summary, self.held_at = "held", summary, clock.now()
        audit.record("review.held", self, by=person.email)
        mails.send_summary(self)

    def miss(self) -> None:
        """The month is nearly over, or its time is days past, and nobody said that it was held.

        Its meeting is left as it is: people may still say that it was held, or who did not come.
        """
        if self.lock().state in OPEN and self.overdue:
            self._miss()

    def _miss(self) -> None:
        self.state = "missed"
        audit.record("review.missed", self)
        mails.tell_missed(self)

    def cancel(self, reason: str) -> None:
        """It will not take place; where it was in calendars, both sides are told."""
        if self.lock().state not in OPEN:
            return
        if self.booking and self.booking.movable:
            self.booking.cancel(reason)
        self.state, self.note = "cancelled", ""
        audit.record("review.cancelled", self, reason=reason)

    def suspend(self) -> None:
        """Call it off for as long as its engagement does not reach it; what has begun stands."""
        if self.lock().state in OPEN and not self.begun and not self.reached:
            self.cancel(f"The engagement is {self.engagement.stage_label.lower()}.")
            self.suspended = True

    def restore(self) -> None:
        """The engagement reaches its date again: find it a time, and invite anew."""
        due = self.engagement.under_way_on(self.due_on)
        if self.lock().suspended and self.state == "cancelled" and self.reached and due:
            self.state, self.suspended, self.booking = "due", False, None
            audit.record("review.restored", self)
            self.place()

    @property
    def reached(self) -> bool:
        """Whether the engagement is under way on the day of its meeting, or when it is due."""
        booking, engagement = self.booking, self.engagement
        on = engagement.local_date(booking.starts_at) if booking else self.due_on
        return engagement.under_way_on(on)

    def worry(self) -> None:
        """Its month runs and it has no time, or none any more: its consultants are told."""
        if self.lock().state == "due" or self.given_up:
            mails.worry(self)

    def tell_lost(self) -> None:
        """Its month is over: called off, and never booked again. The coordinators are told."""
        if self.lock().given_up:
            mails.tell_missed(self)

    @property
    def given_up(self) -> bool:
        """Whether somebody called its meeting off and it was not booked again."""
        called_off = self.state == "cancelled" and not self.suspended
        return called_off and self._meeting_is("cancelled")

    @property
    def recordable(self) -> bool:
        """Whether one may still say what became of it, once it has begun."""
        return self.state in {"booked", "missed"} and self._meeting_is("booked")

    @property
    def unrecorded(self) -> bool:
        """Whether its time is over and nobody has said how it went."""
        return self.recordable and self.booking is not None and clock.now() >= self.booking.ends_at

    @property
    def overdue(self) -> bool:
        """Past the 25th of its month, and past the time given to place or to record it."""
        return self.engagement.local_date(clock.now()) >= self.overdue_on

    @property
    def overdue_on(self) -> date:
        day = self.due_on + DAYS_TO_PLACE
        if self.booking:
            met_on = self.engagement.local_date(self.booking.starts_at)
            holidays = holidays_of(self.engagement)
            to_record = next_business_days(met_on, BUSINESS_DAYS_TO_RECORD, holidays)
            day = to_record[-1] + timedelta(days=1)
        return max(day, self.month.replace(day=MISSED_ON_DAY))
