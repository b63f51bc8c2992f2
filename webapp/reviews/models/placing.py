"""Finding a review its time: the rule's own, or as near to it as everybody is free."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Self

from sqlalchemy.orm import Mapped, mapped_column

from webapp import audit, clock
from webapp.booking.models import Booking, SlotTaken
from webapp.db import Identified, session
from webapp.engagements.stages import RUNNING
from webapp.reviews import mails
from webapp.reviews.fitting import Search
from webapp.reviews.models.refusals import IllegalReview
from webapp.reviews.parties import sides_of

if TYPE_CHECKING:
    import uuid

    from webapp.engagements.models import Engagement
    from webapp.reviews.models.series import ReviewSeries

# Who lost a race for a time takes the next; whoever lost this many is better off asking people.
MOST_TRIES = 6
# A meeting this close is in everybody's plans: another rule no longer moves it.
SETTLED_BEFORE = timedelta(hours=48)
CHOSEN_BY_A_PERSON = -1
NO_TIME = "Nobody's free time within three business days of it was found."
NOT_MOVED = "Its new date found no free time within three business days, so it stays where it was."


class Placeable(Identified):
    """The part of a review that is about its time.

    placed_sequence: that of its meeting when the rule last placed it; CHOSEN_BY_A_PERSON when a
    person did. A meeting that has changed since was moved by a person.
    """

    if TYPE_CHECKING:
        month: Mapped[date]
        due_on: Mapped[date]
        state: Mapped[str]
        note: Mapped[str]
        booking_id: Mapped[uuid.UUID | None]
        booking: Mapped[Booking | None]
        engagement: Mapped[Engagement]

        @property
        def series(self) -> ReviewSeries: ...
        @property
        def title(self) -> str: ...

    placed_sequence: Mapped[int] = mapped_column(default=0, server_default="0")

    def place(self) -> None:
        """Put a due review into all calendars at its rule's time, or as near to it as is free.

        Where nothing is free within three business days it stays due, and its consultants are
        asked to find it a time.
        """
        if self.lock().state != "due" or self.engagement.stage not in RUNNING:
            return
        if self.engagement.paused_on(self.due_on):
            return  # the planner of suspensions calls it off
        search = self._search
        for at in self._times(search):
            if _won(self._book, at):
                self.note = self._why_not_by_rule(search, at)
                return
        self.note = NO_TIME
        mails.ask_for_time(self)

    def take_time(self, starts_at: datetime) -> None:
        """Meet at a time that a person chose. Raises IllegalReview, or SlotTaken."""
        if self.lock().state != "due":
            raise IllegalReview("This review has a time already, or is over.")
        self._book(starts_at)
        self.placed_sequence = CHOSEN_BY_A_PERSON

    def follow_rule(self) -> None:
        """Go where the series' rule, which has changed, now puts it."""
        if self.lock().state == "due":
            self.place()
        elif self.state == "booked" and self.follows_rule:
            self._move_near_rule()

    @property
    def follows_rule(self) -> bool:
        """Whether another rule still moves it: not by a person before, and not close at hand."""
        booking = self.booking
        if booking is None:
            return self.state == "due"
        ahead = booking.starts_at - clock.now() >= SETTLED_BEFORE
        return ahead and booking.state == "booked" and not self.moved_by_hand

    @property
    def moved_by_hand(self) -> bool:
        return self.booking is not None and self.booking.sequence != self.placed_sequence

    def _move_near_rule(self) -> None:
        booking = self.booking
        assert booking is not None
        search = self._search
        for at in self._times(search):
            if at == booking.starts_at or _won(booking.follow, at):
                self.placed_sequence = booking.sequence
                self.note = self._why_not_by_rule(search, at)
                return
        self.note = NOT_MOVED
        mails.tell_not_moved(self)

    def _times(self, search: Search) -> Iterator[datetime]:
        """To be tried in this order; none in a pause."""
        engagement = self.engagement
        found = search.candidates(self.due_on)
        free = (at for at in found if not engagement.paused_on(engagement.local_date(at)))
        return islice(free, MOST_TRIES)

    @property
    def _search(self) -> Search:
        """Near its date, with the time that it has itself counted as free."""
        own = [self.booking] if self.booking else []
        series, on = self.series, self.due_on
        return Search.of(self.engagement, series.when, series.minutes, on, on, own)

    def _why_not_by_rule(self, search: Search, at: datetime) -> str:
        """What was in the way of the rule's own time, where it got another."""
        wanted = search.rule.instant(self.due_on)
        return "" if at == wanted else " ".join(one.text for one in search.obstacles(wanted))

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
            sides_of(engagement),
        )
        self.state, self.note, self.placed_sequence = "booked", "", self.booking.sequence
        audit.record("review.booked", self, starts_at=starts_at.isoformat())
        mails.invite(self)

    def lock(self) -> Self:
        """Hold the row until the transaction ends, and read it afresh."""
        session.flush()
        session.refresh(self, with_for_update=True)
        return self


def _won(take: Callable[[datetime], None], at: datetime) -> bool:
    """Whether nobody else had the time."""
    try:
        take(at)
    except SlotTaken:
        return False
    return True
