"""What falls due in engagements, derived from the database by any number of runs.

Each planner looks AHEAD and hands over a job for the exact instant, in a constant number of
queries; its key names the fact and the occurrence, so that a second run adds nothing. The jobs
(due.py) look at the facts again when they run.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from webapp import clock, outbox
from webapp.accounts.models import Company, Person
from webapp.booking.days import Holidays, holidays_in, next_business_days
from webapp.booking.models import Booking
from webapp.db import session
from webapp.engagements.models import (
    Engagement,
    OnboardingStep,
    Pause,
    RetainerPeriod,
    StageChange,
)
from webapp.engagements.models.engagement import UNPAID_DAYS
from webapp.engagements.models.period import span

AHEAD = timedelta(hours=48)
STILL_OF_USE = timedelta(days=1)
REMINDER_DAYS = (2, 4, 5)
PREPARE_BEFORE = timedelta(hours=48)
MORNING = time(9)
ACCESS_REQUESTS = 10
UNRECORDED_DAYS = 3
RUNNING = ("onboarding", "active", "ending")
# By Stripe's clock a renewal may stand an hour off local midnight: what must come before it does.
BEFORE_MIDNIGHT = timedelta(hours=2)
RESUME_SOON = timedelta(days=7)

Planned = tuple[str, list[object], str, datetime]


def _job(at: datetime, task: str, *payload: object) -> Planned:
    args = [str(part) for part in payload]
    return task, list(args), ":".join([task, *args]), at


def _soon(jobs: Iterable[Planned]) -> None:
    """Hand over what is due within AHEAD, unless it is so late that it is of no use."""
    now = clock.now()
    outbox.enqueue_all(
        (task, payload, key, at)
        for task, payload, key, at in jobs
        if now - STILL_OF_USE <= at <= now + AHEAD
    )


def local(day: date, zone: str, at: time = MORNING) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone))


# -- unpaid ----------------------------------------------------------------------------------------


def plan_payment_reminders() -> None:
    """Days 2 and 4 to the client, day 5 to the coordinator, counted from the asking."""
    asked = Engagement.asked_at.is_not(None), Engagement.stage.in_(["enquiry", "signed"])
    recent = Engagement.asked_at > clock.now() - timedelta(days=UNPAID_DAYS)
    rows = session.execute(select(Engagement.id, Engagement.asked_at).where(*asked, recent))
    _soon(
        _job(row.asked_at + timedelta(days=days), "engagements.ask_for_payment", row.id,
             row.asked_at.isoformat(), days)
        for row in rows
        for days in REMINDER_DAYS
    )  # fmt: skip


def plan_lost() -> None:
    """Signed and unpaid for seven days; however late, it is done."""
    days = timedelta(days=UNPAID_DAYS)
    signed = Engagement.stage == "signed", Engagement.signed_at <= clock.now() + AHEAD - days
    rows = session.execute(select(Engagement.id, Engagement.signed_at).where(*signed))
    lose = "engagements.lose_unpaid"
    outbox.enqueue_all(_job(row.signed_at + days, lose, row.id) for row in rows)


# -- onboarding ------------------------------------------------------------------------------------


def plan_kickoff_preparations() -> None:
    """48 hours before; at once where the kick-off was booked later than that."""
    now = clock.now()
    ahead = Booking.starts_at.between(now, now + PREPARE_BEFORE + AHEAD)
    booked = select(Booking.id, Booking.starts_at).where(Booking.kind == "kickoff", ahead)
    rows = session.execute(booked.where(Booking.state == "booked"))
    outbox.enqueue_all(
        _job(row.starts_at - PREPARE_BEFORE, "engagements.prepare_kickoff", row.id,
             row.starts_at.isoformat())
        for row in rows
    )  # fmt: skip


def plan_unrecorded_kickoffs() -> None:
    """The third business day after a kick-off of which nobody says how it went; however late."""
    rows = session.execute(
        select(Booking.id, Booking.starts_at, Engagement.time_zone, Company.country)
        .join(Engagement, Engagement.id == Booking.engagement_id)
        .join(Engagement.company)
        .where(Booking.kind == "kickoff", Booking.state == "booked")
        .where(Booking.ends_at <= clock.now(), Engagement.stage == "onboarding")
    )
    outbox.enqueue_all(
        _job(unrecorded_since(row.starts_at, row.time_zone, row.country),
             "engagements.tell_unrecorded", row.id, row.starts_at.isoformat())
        for row in rows
    )  # fmt: skip


def unrecorded_since(starts_at: datetime, zone: str, country: str) -> datetime:
    """In the morning of the last of those business days, where the client is."""
    held_on = starts_at.astimezone(ZoneInfo(zone)).date()
    days = next_business_days(held_on, UNRECORDED_DAYS, _holidays(country))
    return local(days[-1], zone)


def plan_access_requests() -> None:
    """In the morning of day 1, then every second business day until access is given."""
    step = (OnboardingStep.key == OnboardingStep.ACCESS) & OnboardingStep.done_at.is_(None)
    rows = session.execute(
        select(Engagement.id, Engagement.time_zone, Company.country, StageChange.at)
        .join(Engagement.company)
        .join(OnboardingStep, (OnboardingStep.engagement_id == Engagement.id) & step)
        .join(StageChange, StageChange.engagement_id == Engagement.id)
        .where(Engagement.stage == "onboarding", StageChange.to_stage == "onboarding")
    )
    _soon(
        _job(local(day, row.time_zone), "engagements.request_access", row.id, day)
        for row in rows
        for day in access_request_days(row.at, row.time_zone, row.country)
    )


def access_request_days(began: datetime, zone: str, country: str) -> list[date]:
    """The 1st, 3rd, 5th … business day after onboarding began, where the client is."""
    first = began.astimezone(ZoneInfo(zone)).date()
    return next_business_days(first, ACCESS_REQUESTS * 2, _holidays(country))[::2]


@lru_cache(maxsize=256)
def _holidays(country: str) -> Holidays:
    """A country whose holidays are not known has none here: weekends are still kept."""
    try:
        return holidays_in(country) if country else frozenset()
    except ValueError:
        return frozenset()


# -- the pulse -------------------------------------------------------------------------------------


def plan_pulses() -> None:
    """09:00 in the sponsor's zone, 7 and 14 days after the kick-off, then each month."""
    rows = session.execute(
        select(Engagement.id, Engagement.time_zone, Person.time_zone, Booking.starts_at)
        .join(Engagement.sponsor)
        .join(Booking, Booking.engagement_id == Engagement.id)
        .where(Engagement.stage.in_(["onboarding", "active"]), Booking.kind == "kickoff")
        .where(Booking.state.in_(["booked", "held"]), Booking.starts_at < clock.now())
    )
    _soon(
        _job(local(day, sponsor_zone), "engagements.ask_pulse", engagement_id, day)
        for engagement_id, zone, sponsor_zone, starts_at in rows
        for day in _pulse_days(starts_at.astimezone(ZoneInfo(zone)).date(), zone)
    )


def _pulse_days(kickoff_on: date, zone: str) -> Iterator[date]:
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    days = (today + timedelta(days=offset) for offset in range(-1, AHEAD.days + 2))
    return (day for day in days if is_pulse_day(kickoff_on, day))


def is_pulse_day(kickoff_on: date, day: date) -> bool:
    if (day - kickoff_on).days in {7, 14}:
        return True
    months = (day.year - kickoff_on.year) * 12 + day.month - kickoff_on.month
    return months > 0 and kickoff_on + relativedelta(months=months) == day


# -- pauses and ends -------------------------------------------------------------------------------


def plan_pauses() -> None:
    """Pauses that begin soon; however late, they do."""
    rows = _pauses("planned", Pause.starts)
    outbox.enqueue_all(
        _job(midnight(row.starts, row.time_zone) - BEFORE_MIDNIGHT, "billing.begin_pause", row.id,
             row.starts)
        for row in rows
    )  # fmt: skip


def plan_resumes() -> None:
    """Pauses that end soon; one that could not end on its day is tried again each day."""
    today = clock.now().date()
    outbox.enqueue_all(
        _job(midnight(row.ends, row.time_zone), "billing.resume", row.id, max(row.ends, today))
        for row in _pauses("running", Pause.ends)
    )


def plan_resume_reminders() -> None:
    """In the morning, a week before work resumes; not for a pause that is shorter."""
    _soon(
        _job(local(row.ends - RESUME_SOON, row.time_zone), "engagements.remind_resume", row.id,
             row.ends)
        for row in _pauses("running", Pause.ends, RESUME_SOON)
        if row.ends - RESUME_SOON > row.starts
    )  # fmt: skip


def plan_ends() -> None:
    """Engagements whose last day is nearly over; however late, they end."""
    ending = Engagement.stage == "ending", Engagement.ends_on <= _horizon()
    rows = session.execute(select(Engagement.id, Engagement.ends_on, Engagement.time_zone)
                           .where(*ending))  # fmt: skip
    outbox.enqueue_all(
        _job(midnight(row.ends_on, row.time_zone), "engagements.end", row.id, row.ends_on)
        for row in rows
    )


def _pauses(
    state: str, column: InstrumentedAttribute[date], ahead: timedelta = timedelta()
) -> Sequence[Any]:
    """Those in a state whose date is near, with their engagement's zone."""
    rows = (
        select(Pause.id, Pause.starts, Pause.ends, Engagement.time_zone)
        .join(Engagement, Engagement.id == Pause.engagement_id)
        .where(Pause.state == state, column <= _horizon() + ahead)
    )
    return session.execute(rows).all()


def _horizon() -> date:
    return (clock.now() + AHEAD).date() + timedelta(days=1)


def midnight(day: date, zone: str) -> datetime:
    return local(day, zone, time())


# -- retainer periods ------------------------------------------------------------------------------


def plan_periods() -> None:
    """Add the period that comes next, open those that have begun, close those that are over."""
    _add_next_periods()
    today = func.date(func.timezone(Engagement.time_zone, clock.now()))
    running = (RetainerPeriod.engagement_id == Engagement.id) & Engagement.stage.in_(RUNNING)
    for before, after, reached in (
        ("planned", "open", RetainerPeriod.starts <= today),
        ("open", "closing", RetainerPeriod.ends <= today),
    ):
        due = update(RetainerPeriod).where(RetainerPeriod.state == before, running, reached)
        moved = due.values(state=after).execution_options(synchronize_session=False)
        session.execute(moved)


def _add_next_periods() -> None:
    horizon = _horizon()
    last = func.max(RetainerPeriod.number)
    rows = session.execute(
        select(Engagement.id, Engagement.ends_on, func.min(RetainerPeriod.starts), last)
        .join(RetainerPeriod, RetainerPeriod.engagement_id == Engagement.id)
        .where(Engagement.stage.in_(RUNNING))
        .group_by(Engagement.id)
        .having(func.max(RetainerPeriod.ends) <= horizon)
        .order_by(Engagement.id)
    ).all()
    paused_on = _paused_days([row[0] for row in rows])
    missing = [
        {"engagement_id": engagement_id, "number": number, "starts": starts, "ends": ends,
         "state": "planned"}
        for engagement_id, ends_on, anchor, highest in rows
        for number, starts, ends in _after(anchor, highest, horizon)
        if ends_on is None or starts < ends_on
        if not paused_on(engagement_id, starts)
    ]  # fmt: skip
    if missing:
        session.execute(insert(RetainerPeriod).values(missing).on_conflict_do_nothing())


def _paused_days(ids: Sequence[uuid.UUID]) -> Callable[[uuid.UUID, date], bool]:
    """Whether an engagement of these is paused on a day, as things stand."""
    rows = select(Pause).where(Pause.engagement_id.in_(ids), Pause.state != "withdrawn")
    pauses = session.scalars(rows).all()

    def paused_on(engagement_id: uuid.UUID, day: date) -> bool:
        theirs = (pause for pause in pauses if pause.engagement_id == engagement_id)
        return any(pause.covers(day) for pause in theirs)

    return paused_on


def _after(anchor: date, highest: int, horizon: date) -> Iterator[tuple[int, date, date]]:
    """Every period that begins by the horizon, also those that a long pause of planning missed."""
    number = highest + 1
    while (period := span(anchor, number))[0] <= horizon:
        yield number, *period
        number += 1
