"""What another rule would do to the months ahead: shown before it is saved, and then done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp import clock
from webapp.db import session
from webapp.reviews.explained import Dated, dated
from webapp.reviews.fitting import Obstacle, Search
from webapp.reviews.models.placing import SETTLED_BEFORE
from webapp.reviews.models.review import OPEN, Review
from webapp.reviews.models.series import FIRST_AFTER, ReviewSeries
from webapp.reviews.rule import Rule
from webapp.reviews.times import countries_of, holidays_among, naming_among

SHOWN = 12
# Reviews that are over may stand at the head of the list without taking a place in it.
LOOKED_AT = 24


class Effect(StrEnum):
    """What becomes of a month's review under the rule that is shown."""

    NEW = "new"  # not planned yet
    SAME = "same"
    MOVES = "moves"  # booked, goes to the new time
    DATED = "dated"  # has no time yet, is sought one at the new date
    BY_HAND = "by_hand"  # booked, a person chose its time: it stays
    SOON = "soon"  # booked and close at hand: it stays
    PASSED = "passed"  # the new date is not ahead any more, or too early: it stays
    OVER = "over"  # held, missed or called off


TO_BE_BOOKED = frozenset({Effect.NEW, Effect.MOVES, Effect.DATED})
STAYS = frozenset({Effect.BY_HAND, Effect.SOON, Effect.PASSED})


@dataclass(frozen=True)
class MonthShown:
    """One month: where the rule puts it, and what that means for the review it has, if any.

    would_be: where it would be booked now, if it is still to be; obstacles: what keeps its
    consultants from the rule's own time then.
    """

    dated: Dated
    review: Review | None
    effect: Effect
    would_be: datetime | None = None
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def now_at(self) -> datetime | None:
        """When its meeting is today."""
        return self.review.booking.starts_at if self.review and self.review.booking else None

    @property
    def at(self) -> datetime:
        """Where it stands, or will, as far as it can be known."""
        if self.sought:
            stays = self.now_at if self.effect is Effect.MOVES else None
            return self.would_be or stays or self.dated.at
        return self.now_at or self.dated.at

    @property
    def sought(self) -> bool:
        """Whether it is still to be found a time."""
        return self.effect in TO_BE_BOOKED or (self.effect is Effect.SAME and not self.now_at)

    @property
    def homeless(self) -> bool:
        """Whether nothing near its date is free, so that people must find it a time."""
        return self.sought and self.would_be is None

    @property
    def elsewhere(self) -> bool:
        """Whether people keep its meeting where the rule would not put it."""
        return self.now_at is not None and self.effect in STAYS

    @property
    def displaced(self) -> bool:
        """Whether something is in the way of its time, so that it is as near to it as all can."""
        return self.at != self.dated.at and not self.elsewhere and not self.homeless

    @property
    def away(self) -> tuple[str, ...]:
        """The consultants who do not work at the rule's time, whatever is in their calendars."""
        return tuple(one.who for one in self.obstacles if one.kind != "busy")

    @property
    def counts(self) -> bool:
        """Whether a review is still to come in it."""
        return self.effect is not Effect.OVER


def preview(series: ReviewSeries, rule: Rule) -> list[MonthShown]:
    """The next twelve reviews under a rule: those months first that have one already."""
    reviews = _reviews(series)
    first = max(_this_month(series), series.first_month)
    months = [_month_after(first, number) for number in range(LOOKED_AT)]
    shown = [
        MonthShown(found, reviews.get(found.month), _effect(series, rule, found, reviews))
        for found in _dated(series, rule, months)
        if not (series.last_month and found.month > series.last_month)
    ]
    kept = [month for month in shown if month.counts and not _bygone(month)][:SHOWN]
    return _tried(series, rule, kept, reviews.values())


def digest(shown: Sequence[MonthShown]) -> str:
    """The same as long as saving would do what was shown."""
    parts = [f"{month.dated.at} {month.effect} {month.now_at} {month.at}" for month in shown]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def never_at_work(shown: Sequence[MonthShown]) -> tuple[str, ...]:
    """Whose working hours the time is outside of in every month that is still to be booked."""
    open_ones = [set(month.away) for month in shown if month.effect in TO_BE_BOOKED]
    return tuple(sorted(set.intersection(*open_ones))) if open_ones else ()


def redated(shown: Iterable[MonthShown]) -> dict[Review, date]:
    """The reviews that get a new date, with that date."""
    moved = (month for month in shown if month.effect in {Effect.MOVES, Effect.DATED})
    return {month.review: month.dated.on for month in moved if month.review}


def _effect(
    series: ReviewSeries, rule: Rule, found: Dated, reviews: Mapping[date, Review]
) -> Effect:
    review = reviews.get(found.month)
    if review is None:
        return Effect.NEW
    if review.state not in OPEN and not review.suspended:
        return Effect.OVER
    if review.booking and review.booking.starts_at == found.at and review.due_on == found.on:
        return Effect.SAME
    if review.booking and review.moved_by_hand and review.state == "booked":
        return Effect.BY_HAND
    if review.state == "booked" and not review.follows_rule:
        return Effect.SOON
    if not _comes_in_time(series, found):
        return Effect.PASSED
    if review.state == "booked":
        same = rule == series.when
        return Effect.SAME if same else Effect.MOVES
    return Effect.SAME if review.due_on == found.on and rule == series.when else Effect.DATED


def _comes_in_time(series: ReviewSeries, found: Dated) -> bool:
    """Whether people can still be told, and there is something to look back on."""
    earliest = series.engagement.kick_off_on + FIRST_AFTER
    return found.at >= clock.now() + SETTLED_BEFORE and found.on >= earliest


def _tried(
    series: ReviewSeries, rule: Rule, months: Sequence[MonthShown], ours: Iterable[Review]
) -> list[MonthShown]:
    """Look for the times of those still to be booked, as their booking will."""
    if not any(month.sought for month in months):
        return list(months)
    own = [review.booking for review in ours if review.booking]
    first, last = months[0].dated.on, months[-1].dated.on
    search = Search.of(series.engagement, rule, series.minutes, first, last, own)

    def tried(month: MonthShown) -> MonthShown:
        obstacles = tuple(search.obstacles(month.dated.at))
        return replace(month, would_be=search.first(month.dated.on), obstacles=obstacles)

    return [tried(month) if month.sought else month for month in months]


def _bygone(month: MonthShown) -> bool:
    """A month that never had a review, and whose date has passed."""
    return month.review is None and month.dated.at < clock.now()


def _reviews(series: ReviewSeries) -> dict[date, Review]:
    ahead = select(Review).where(
        Review.engagement_id == series.engagement_id, Review.month >= _this_month(series)
    )
    rows = session.scalars(ahead.options(joinedload(Review.booking)))
    return {review.month: review for review in rows}


def _dated(series: ReviewSeries, rule: Rule, months: Sequence[date]) -> list[Dated]:
    countries = countries_of(series.engagement)
    return dated(rule, months, holidays_among(countries), naming_among(countries))


def _this_month(series: ReviewSeries) -> date:
    return series.engagement.local_date(clock.now()).replace(day=1)


def _month_after(first: date, number: int) -> date:
    years, month = divmod(first.month - 1 + number, 12)
    return date(first.year + years, month + 1, 1)
