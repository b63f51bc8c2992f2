"""Reading outside calendars: which is due, one reading, and what becomes of its answer."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import delete, insert, or_, select

from webapp import audit, clock, outbox
from webapp.booking.models import Booking
from webapp.booking.outside import letters
from webapp.booking.outside.connecting import connection_to, keep_secret
from webapp.booking.outside.copies import compare
from webapp.booking.outside.models import OutsideBusy, OutsideCalendar
from webapp.booking.outside.opening import opened
from webapp.booking.outside.provider import (
    BusyTime,
    OutsideRefused,
    OutsideUnreachable,
    Provider,
    Reading,
)
from webapp.booking.outside.sealing import sealed_afresh
from webapp.booking.outside.waiting import LEFT_ALONE, is_left_alone, leave_alone
from webapp.booking.outside.window import ASKEW, READ_EVERY, STALE_AFTER, Window, believed
from webapp.db import attempt, session

LONGEST_UID = 500

Problem = OutsideRefused | OutsideUnreachable


# -- what is due -----------------------------------------------------------------------------------


def plan_readings() -> None:
    """One job for each calendar that counts and was not asked for a quarter of an hour, or for as
    long as its server wished."""
    now = clock.now()
    asked = OutsideCalendar.tried_at
    due = or_(asked.is_(None), asked <= now - READ_EVERY, asked > now)
    rows = select(OutsideCalendar.id).where(OutsideCalendar.reads, due, ~is_left_alone())
    for calendar_id in session.scalars(rows.order_by(OutsideCalendar.id)):
        outbox.enqueue_again("calendars.read", calendar_id)


# -- one reading -----------------------------------------------------------------------------------


def read(calendar_id: uuid.UUID) -> None:
    """Ask for the calendar's busy time and keep it; a failure is kept as well, as its problem."""
    calendar = session.get(OutsideCalendar, calendar_id)
    if calendar is None or not calendar.reads:
        return
    window = Window(clock.now())
    calendar.tried_at = window.began
    try:
        connection = connection_to(calendar)
    except OutsideRefused as refused:
        _failed(calendar, refused)
        return
    provider, known = opened(connection), _validators(calendar, window)

    def keep(answer: Reading | Problem) -> None:
        _keep(calendar_id, answer, window)
        still = session.get(OutsideCalendar, calendar_id)
        if still:
            keep_secret(still, connection.secret, provider.secret)

    attempt(lambda: _answer(provider, window, known), keep)


def _validators(calendar: OutsideCalendar, window: Window) -> dict[str, str]:
    """What the reading is conditional on; nothing when it is time for all of it.

    Whole days are by the consultant's clock: in another zone the same file takes other times.
    """
    known = {name: held for name, held in calendar.validators.items() if name != LEFT_ALONE}
    zone = known.pop("zone", None)
    covered = window.covered_by(calendar.covers_until)
    return known if covered and zone == calendar.consultant.time_zone else {}


def _answer(provider: Provider, window: Window, known: dict[str, str]) -> Reading | Problem:
    """What came back, or what went wrong."""
    try:
        return provider.read(window.first, window.last, known)
    except (OutsideRefused, OutsideUnreachable) as problem:
        return problem


def _keep(calendar_id: uuid.UUID, answer: Reading | Problem, window: Window) -> None:
    """Unless it was disconnected, or read again by another, in the meantime.

    What was read at an instant that is yet to come, before the clock was put back, is no newer.
    """
    row = select(OutsideCalendar).where(OutsideCalendar.id == calendar_id)
    calendar = session.scalar(row.with_for_update(of=OutsideCalendar))
    if calendar is None or not calendar.reads:
        return
    if calendar.read_at and window.began <= calendar.read_at <= clock.now() + ASKEW:
        return
    if isinstance(answer, Reading):
        believe(calendar, answer, window)
    else:
        _failed(calendar, answer)


def believe(calendar: OutsideCalendar, reading: Reading, window: Window) -> None:
    """Replace what was known of the calendar by what was read just now."""
    if not reading.unchanged:
        _replace(calendar, reading.busy, window)
        compare(calendar, reading.busy, window.last)
        calendar.covers_until = window.last
    if calendar.told_at:
        audit.record("calendar.read_again", calendar)
    calendar.validators = {**reading.validators, "zone": calendar.consultant.time_zone}
    calendar.read_at = window.began
    calendar.problem, calendar.failures, calendar.told_at = "", 0, None
    holder = calendar.account or calendar
    holder.secret = sealed_afresh(holder.secret)


def _replace(calendar: OutsideCalendar, busy: Collection[BusyTime], window: Window) -> None:
    """Our own meetings, which an outside calendar may well show, are no time taken elsewhere."""
    session.execute(delete(OutsideBusy).where(OutsideBusy.calendar_id == calendar.id))
    ours = _ours({row.uid for row in busy})
    rows = [
        {"calendar_id": calendar.id, "consultant_id": calendar.consultant_id,
         "starts_at": max(starts, window.first), "ends_at": min(ends, window.last),
         "uid": uid.replace("\0", "")[:LONGEST_UID]}
        for uid, starts, ends in busy
        if uid not in ours and max(starts, window.first) < min(ends, window.last)
    ]  # fmt: skip
    if rows:
        session.execute(insert(OutsideBusy), rows)


def _ours(uids: Collection[str]) -> set[str]:
    plain = [uid for uid in uids if "\0" not in uid]
    return set(session.scalars(select(Booking.uid).where(Booking.uid.in_(plain))))


# -- when it fails ---------------------------------------------------------------------------------


def _failed(calendar: OutsideCalendar, fault: Problem) -> None:
    """What was known stands until it is stale; then its owner offers nothing, and is told once."""
    problem = str(fault)
    calendar.problem, calendar.failures = problem, calendar.failures + 1
    leave_alone(calendar, fault.seconds if isinstance(fault, OutsideUnreachable) else 0)
    if calendar.told_at is None and _long_gone(calendar):
        calendar.told_at = clock.now()
        audit.record("calendar.unreachable", calendar, problem=problem)
        letters.tell_unreachable(calendar)


def _long_gone(calendar: OutsideCalendar) -> bool:
    """Two hours without a good read; one that never had any has failed as often as that makes."""
    if calendar.read_at is None:
        return calendar.failures > STALE_AFTER // READ_EVERY
    return not believed(calendar)
