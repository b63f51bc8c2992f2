"""Claiming time: check it against the calendar and the rules, then take it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import or_, select

from webapp import clock
from webapp.booking.models.availability import CalendarRules
from webapp.booking.models.claim import Claim, Span
from webapp.booking.models.contention import contend
from webapp.booking.models.hours_lock import while_hours_stand
from webapp.booking.models.open_times import Calendar, calendars
from webapp.booking.models.refusals import NoCapacity, NotOffered, SlotTaken
from webapp.booking.models.seat import Team
from webapp.booking.models.together import Together, nearest
from webapp.catalog.models import Consultant
from webapp.db import session

Outcome = TypeVar("Outcome")
Check = Callable[[Sequence[Calendar], Span], None]


def contend_for(span: Span, consultants: Consultant | Team, step: Callable[[], Outcome]) -> Outcome:
    """Run a step that takes their time; lost, SlotTaken names what is open to all near it."""
    try:
        return contend(step)
    except NoCapacity:
        raise
    except SlotTaken as lost:
        raise SlotTaken(nearest(consultants, span.starts_at, minutes=span.minutes)) from lost


def first_won(teams: Iterable[Team], step: Callable[[Team], Outcome]) -> Outcome:
    """Run the step with one team after the other, until one is not taken from under it.

    Raises what the last of them met: SlotTaken or NoCapacity, without alternatives.
    """
    lost = SlotTaken()
    for team in teams:
        try:
            return contend(partial(step, team))
        except SlotTaken as met:
            lost = met
    raise lost


def occupy(
    kind: str, consultant_ids: Sequence[uuid.UUID], span: Span, check: Check, **owner: Any
) -> None:
    """Take the span of all these consultants, or raise NotOffered or SlotTaken.

    The first one's grid counts. Nobody's time cannot be had: SlotTaken. Within `contend`; what the
    taker gives up must have been dropped before, after `line_up`.
    """
    if not consultant_ids:
        raise SlotTaken
    line_up(consultant_ids)
    Claim.drop_expired(consultant_ids)
    read = calendars(consultant_ids, span.starts_at, span.ends_at)
    check([read[who] for who in consultant_ids], span)
    Claim.take(kind, span, [calendar.rules for calendar in read.values()], **owner)


def as_offered(read: Sequence[Calendar], span: Span) -> None:
    """A time somebody chose: NotOffered if it was never on the list, SlotTaken if it is gone."""
    together = Together.of(read)
    if not together.would_offer(span.starts_at, span.minutes):
        raise NotOffered
    if not together.offers(span.starts_at, span.minutes):
        raise SlotTaken


def as_free(read: Sequence[Calendar], span: Span) -> None:
    """A time agreed before, or set by a rule: ahead of us, in hours, nothing in the way."""
    if span.starts_at <= clock.now():
        raise SlotTaken
    if not all(calendar.free(span.starts_at, span.minutes) for calendar in read):
        raise SlotTaken


def line_up(consultant_ids: Collection[uuid.UUID]) -> None:
    """Those with a limit are booked one after another: no constraint counts a day or a week.
    And nobody's hours change until they are booked.

    Whoever takes time stands in this line before locking any claim, in the order of ids, so that
    no two wait for each other.
    """
    while_hours_stand(consultant_ids)
    limited = select(CalendarRules.consultant_id).where(
        CalendarRules.consultant_id.in_(consultant_ids),
        or_(CalendarRules.per_day.is_not(None), CalendarRules.per_week.is_not(None)),
    )
    order = CalendarRules.consultant_id
    session.execute(limited.order_by(order).with_for_update(key_share=True)).all()
