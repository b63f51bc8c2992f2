"""Our meetings as copies in the calendars that consultants chose for them.

What should stand there is derived from the meetings each time: a planner finds copies that are
missing, old, changed or too many, and one job brings one copy up to date. Any number of either may
run, in any order, and be killed anywhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, false, literal, or_, select
from sqlalchemy.dialects.postgresql import insert

from webapp import audit, clock, outbox
from webapp.booking.files import calendar_files
from webapp.booking.models import Booking, Claim
from webapp.booking.outside.connecting import connection_to, keep_secret
from webapp.booking.outside.models import OutsideCalendar, OutsideCopy
from webapp.booking.outside.opening import opened
from webapp.booking.outside.provider import (
    BusyTime,
    OutsideRefused,
    OutsideUnreachable,
    Provider,
)
from webapp.db import attempt, session

AGAIN_AFTER = timedelta(minutes=5)
REFUSED_AGAIN_AFTER = timedelta(hours=1)
MOST_MENDED = 3

Ask = Callable[[Provider], str | None]
Keep = Callable[[str | None], None]


# -- what is due -----------------------------------------------------------------------------------


def plan_copies() -> None:
    """A row for each copy there should be, and a job for each that is not as it should be."""
    _make_rows()
    waits = or_(OutsideCopy.wait_until.is_(None), OutsideCopy.wait_until <= clock.now())
    due = (
        select(OutsideCopy.id)
        .join(OutsideCalendar, OutsideCalendar.id == OutsideCopy.calendar_id)
        .join(Booking, Booking.id == OutsideCopy.booking_id)
        .where(_reachable(), waits, or_(_to_write(), _to_remove()))
        .order_by(OutsideCopy.id)
    )
    for copy_id in session.scalars(due):
        outbox.enqueue_again("calendars.copy", copy_id)


def _make_rows() -> None:
    """The intent comes first: whoever dies after writing a copy leaves a row that tells of it."""
    wanted = (
        select(OutsideCalendar.id, Booking.id, literal(-1), false(), literal(0))
        .join(Claim, Claim.consultant_id == OutsideCalendar.consultant_id)
        .join(Booking, Booking.id == Claim.booking_id)
        .where(OutsideCalendar.writes, Claim.active, Booking.state == "booked")
        .where(Booking.ends_at > clock.now())
        .order_by(OutsideCalendar.id, Booking.id)
    )
    columns = ["calendar_id", "booking_id", "sequence", "changed", "mended"]
    session.execute(insert(OutsideCopy).from_select(columns, wanted).on_conflict_do_nothing())


def _to_write() -> ColumnElement[bool]:
    wrong = or_(OutsideCopy.sequence < Booking.sequence, OutsideCopy.changed)
    wanted = and_(OutsideCalendar.writes, Booking.state == "booked", _theirs())
    return and_(wanted, Booking.ends_at > clock.now(), wrong)


def _to_remove() -> ColumnElement[bool]:
    """What is over stays, as anything past does in a calendar that its owner keeps."""
    called_off = Booking.state == "cancelled"
    handed_over = and_(Booking.state == "booked", ~_theirs())
    unwanted = and_(~OutsideCalendar.writes, Booking.ends_at > clock.now())
    return or_(called_off, handed_over, unwanted)


def _theirs() -> ColumnElement[bool]:
    return exists().where(
        Claim.booking_id == Booking.id,
        Claim.consultant_id == OutsideCalendar.consultant_id,
        Claim.active,
    )


def _reachable() -> ColumnElement[bool]:
    """What cannot be read is left alone until it can; what is not read shows when it is written."""
    return or_(OutsideCalendar.problem == "", ~OutsideCalendar.reads)


# -- one copy --------------------------------------------------------------------------------------


def bring_up_to_date(copy_id: uuid.UUID) -> None:
    """Write the copy as its meeting is now, or take it away where it should not be."""
    copy = session.get(OutsideCopy, copy_id)
    if copy is None:
        return
    calendar = session.get_one(OutsideCalendar, copy.calendar_id)
    booking = session.get_one(Booking, copy.booking_id)
    errand = _writing if _wanted(calendar, booking) else _removing
    try:
        _do(calendar, *errand(calendar, booking, copy))
        calendar.write_problem = ""
    except OutsideRefused as refused:
        _refused(calendar, copy, str(refused))
    except OutsideUnreachable as away:
        copy.wait_until = clock.now() + max(AGAIN_AFTER, timedelta(seconds=away.seconds))


def _wanted(calendar: OutsideCalendar, booking: Booking) -> bool:
    ids = {consultant.id for consultant in booking.consultants}
    return calendar.writes and booking.state == "booked" and calendar.consultant_id in ids


def _writing(calendar: OutsideCalendar, booking: Booking, copy: OutsideCopy) -> tuple[Ask, Keep]:
    """What is asked of the provider, knowing nothing of any session, and what is stored then."""
    file = calendar_files.feed([booking], "", calendar.consultant.person)
    uid, known, sequence = booking.uid, copy.tag, booking.sequence

    def keep(tag: str | None) -> None:
        copy.mended = copy.mended + 1 if copy.sequence == sequence else 0
        copy.tag, copy.sequence, copy.changed, copy.wait_until = tag, sequence, False, None

    return lambda provider: provider.write(uid, file, known), keep


def _removing(calendar: OutsideCalendar, booking: Booking, copy: OutsideCopy) -> tuple[Ask, Keep]:
    uid, known = booking.uid, copy.tag

    def remove(provider: Provider) -> None:
        provider.remove(uid, known)

    return remove, lambda _: session.delete(copy)


def _do(calendar: OutsideCalendar, ask: Ask, keep: Keep) -> None:
    connection = connection_to(calendar)
    provider = opened(connection)
    try:
        attempt(lambda: ask(provider), keep)
    finally:
        keep_secret(calendar, connection.secret, provider.secret)


def _refused(calendar: OutsideCalendar, copy: OutsideCopy, reason: str) -> None:
    """Told on the page; an account that is being left cannot be asked for more."""
    if calendar.account and calendar.account.leaving_at:
        session.delete(copy)
        return
    if calendar.write_problem != reason:
        audit.record("calendar.copy_refused", calendar, reason=reason)
    calendar.write_problem = reason
    copy.wait_until = clock.now() + REFUSED_AGAIN_AFTER


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
