"""Our meetings as copies in the calendars that consultants chose for them.

What should stand there is derived from the meetings each time: a planner finds copies that are
missing, old, changed or too many, and one job brings one copy up to date. Any number of either may
run, in any order, and be killed anywhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from webapp import audit, clock, outbox
from webapp.booking import calendar_files
from webapp.booking.models import Booking, Claim
from webapp.booking.outside.connecting import connection_to, keep_secret
from webapp.booking.outside.models import OutsideCalendar, OutsideCopy
from webapp.booking.outside.opening import opened
from webapp.booking.outside.provider import BusyTime, OutsideRefused, OutsideUnreachable, Provider
from webapp.db import attempt, session
from webapp.outbox import RetryLater

ALONE_FOR = timedelta(minutes=3)
AGAIN_AFTER = timedelta(minutes=5)
REFUSED_AGAIN_AFTER = timedelta(hours=1)
MOST_MENDED = 3
BUSY_ELSEWHERE_SECONDS = 30


# -- what is due -----------------------------------------------------------------------------------


def plan_copies() -> None:
    """A job for each copy that is not as it should be; a failed one is tried again in a while."""
    outbox.enqueue_all(
        ("calendars.copy", [str(calendar_id), str(booking_id)],
         f"calendars.copy:{calendar_id}:{booking_id}:{sequence}:{_slot(problem)}", None)
        for statement in (_to_write(), _to_remove())
        for calendar_id, booking_id, sequence, problem in session.execute(statement)
    )  # fmt: skip


def _slot(problem: str) -> int:
    """Which stretch of time it is: one try in each, rarer where a person must act first."""
    length = REFUSED_AGAIN_AFTER if problem else AGAIN_AFTER
    return int(clock.now().timestamp() // length.total_seconds())


def _to_write() -> Select[Any]:
    wrong = or_(
        OutsideCopy.id.is_(None), OutsideCopy.sequence < Booking.sequence, OutsideCopy.changed
    )
    same = and_(OutsideCopy.calendar_id == OutsideCalendar.id, OutsideCopy.booking_id == Booking.id)
    return (
        _rows()
        .join(Claim, Claim.consultant_id == OutsideCalendar.consultant_id)
        .join(Booking, Booking.id == Claim.booking_id)
        .outerjoin(OutsideCopy, same)
        .where(OutsideCalendar.writes, OutsideCalendar.problem == "", Claim.active)
        .where(Booking.state == "booked", Booking.ends_at > clock.now(), wrong)
    )


def _to_remove() -> Select[Any]:
    """What is over stays, as anything past does in a calendar that its owner keeps."""
    ahead = Booking.ends_at > clock.now()
    theirs = exists().where(
        Claim.booking_id == Booking.id,
        Claim.consultant_id == OutsideCalendar.consultant_id,
        Claim.active,
    )
    called_off = Booking.state == "cancelled"
    handed_over = and_(Booking.state == "booked", ~theirs)
    unwanted = and_(~OutsideCalendar.writes, ahead)
    return (
        _rows()
        .join(OutsideCopy, OutsideCopy.calendar_id == OutsideCalendar.id)
        .join(Booking, Booking.id == OutsideCopy.booking_id)
        .where(_reachable(), or_(called_off, handed_over, unwanted))
    )


def _rows() -> Select[Any]:
    columns = OutsideCalendar.id, Booking.id, Booking.sequence, OutsideCalendar.write_problem
    rows: Select[Any] = select(*columns).select_from(OutsideCalendar)
    return rows


def _reachable() -> ColumnElement[bool]:
    """A calendar that cannot be read is left alone until it can; one that is read no more shows
    only when it is written."""
    return or_(OutsideCalendar.problem == "", ~OutsideCalendar.reads)


# -- one copy --------------------------------------------------------------------------------------


def bring_up_to_date(calendar_id: uuid.UUID, booking_id: uuid.UUID) -> None:
    """Write the copy as its meeting is now, or take it away where it should not be.

    RetryLater while another worker is at it, and where the calendar's server asks for a pause.
    """
    calendar = session.get(OutsideCalendar, calendar_id)
    booking = session.get(Booking, booking_id)
    if calendar is None or booking is None:
        return
    wanted = _wanted(calendar, booking)
    copy = _taken(calendar, booking, make=wanted)
    if copy is None:
        return
    try:
        errand = _writing(calendar, booking, copy) if wanted else _removing(booking, copy)
        _do(calendar, copy, *errand)
    except OutsideRefused as refused:
        _refused(calendar, copy, str(refused))
    except OutsideUnreachable as away:
        copy.busy_until = None
        if away.seconds:
            raise RetryLater(str(away), away.seconds) from away


def _wanted(calendar: OutsideCalendar, booking: Booking) -> bool:
    ids = {consultant.id for consultant in booking.consultants}
    return calendar.writes and booking.state == "booked" and calendar.consultant_id in ids


def _taken(calendar: OutsideCalendar, booking: Booking, *, make: bool) -> OutsideCopy | None:
    """The copy's row, for this worker alone; None where there is none and none is to be made."""
    same = {"calendar_id": calendar.id, "booking_id": booking.id}
    if make:
        row = {**same, "sequence": -1, "changed": False, "mended": 0}
        session.execute(insert(OutsideCopy).values(row).on_conflict_do_nothing())
    now = clock.machine_now()
    free = or_(OutsideCopy.busy_until.is_(None), OutsideCopy.busy_until < now)
    alone = update(OutsideCopy).filter_by(**same).where(free).values(busy_until=now + ALONE_FOR)
    taken = session.scalar(alone.returning(OutsideCopy.id))
    known = session.scalar(select(OutsideCopy).filter_by(**same))
    if known and not taken:
        raise RetryLater("another worker is at this copy", BUSY_ELSEWHERE_SECONDS)
    return known


Errand = tuple[Callable[[Provider], str | None], Callable[[str | None], None]]


def _writing(calendar: OutsideCalendar, booking: Booking, copy: OutsideCopy) -> Errand:
    """What is asked of the provider, with nothing of ours in it that a session knows; and what is
    stored when it is done."""
    file = calendar_files.feed([booking], "", calendar.consultant.person)
    uid, known, sequence = booking.uid, copy.tag, booking.sequence

    def keep(tag: str | None) -> None:
        copy.mended = copy.mended + 1 if copy.sequence == sequence else 0
        copy.tag, copy.sequence, copy.changed, copy.busy_until = tag, sequence, False, None

    return lambda provider: provider.write(uid, file, known), keep


def _removing(booking: Booking, copy: OutsideCopy) -> Errand:
    uid, known = booking.uid, copy.tag

    def remove(provider: Provider) -> None:
        provider.remove(uid, known)

    return remove, lambda _: session.delete(copy)


def _do(
    calendar: OutsideCalendar,
    copy: OutsideCopy,
    ask: Callable[[Provider], str | None],
    keep: Callable[[str | None], None],
) -> None:
    connection = connection_to(calendar)
    provider = opened(connection)
    try:
        attempt(lambda: ask(provider), keep)
        calendar.write_problem = ""
    finally:
        keep_secret(calendar, connection.secret, provider.secret)


def _refused(calendar: OutsideCalendar, copy: OutsideCopy, reason: str) -> None:
    """Tell it on the page; of an account that is being left, nothing more can be done."""
    if calendar.account and calendar.account.leaving_at:
        session.delete(copy)
        return
    if calendar.write_problem != reason:
        audit.record("calendar.copy_refused", calendar, reason=reason)
    calendar.write_problem, copy.busy_until = reason, None


# -- what its owner did to it ----------------------------------------------------------------------


def compare(calendar: OutsideCalendar, seen: Iterable[BusyTime], last: datetime) -> None:
    """Have copies that were moved, deleted or freed put right: a meeting is changed here alone.

    seen: the calendar's busy time from now to `last`, as just read. After MOST_MENDED times the
    change is left as it is: two programs shall not fight over it for ever.
    """
    if not calendar.writes:
        return
    times = {(busy.uid, busy.starts_at, busy.ends_at) for busy in seen}
    copies = (
        select(OutsideCopy, Booking)
        .join(Booking, Booking.id == OutsideCopy.booking_id)
        .where(OutsideCopy.calendar_id == calendar.id, OutsideCopy.sequence == Booking.sequence)
        .where(Booking.state == "booked", Booking.starts_at > clock.now(), Booking.ends_at < last)
        .where(OutsideCopy.mended < MOST_MENDED)
    )
    for copy, booking in session.execute(copies):
        copy.changed = (booking.uid, booking.starts_at, booking.ends_at) not in times
