"""Serving the waitlist: what is open goes to those in line, the first of them first.

Derived from the database and safe to run any number of times, and by several at once: whoever
locks the line first serves it, the others find it served.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select

from webapp import clock
from webapp.booking import queries
from webapp.booking.models import Hold, NotOffered, SlotTaken, WaitlistEntry
from webapp.booking.models.waitlist import forget_unconfirmed
from webapp.catalog.models import Consultant, Offering
from webapp.db import session

KEPT_FOR = timedelta(hours=24)
# Between the end of an offer and its kick-off there must be time to sign and to pay.
BEFORE_START = timedelta(hours=2)
LEAST_KEPT = timedelta(hours=2)
TRIES = 5
BY_DAY = range(8, 19)


def serve() -> None:
    """Note what came of the offers made, then offer what is open to those who wait."""
    for entry in session.scalars(_decided()).all():
        entry.settle()
    waiting = WaitlistEntry.in_line().with_for_update(of=WaitlistEntry)
    line = session.scalars(waiting.execution_options(populate_existing=True)).all()
    looking = Looking()
    for entry in line:
        _offer(entry, looking)
    forget_unconfirmed()


def kept_until(start: datetime) -> datetime | None:
    """Until when a kick-off may be kept for somebody; None where that is too short to be of use."""
    until = min(clock.now() + KEPT_FOR, start - BEFORE_START)
    return until if until >= clock.now() + LEAST_KEPT else None


def entry_of(hold: Hold) -> WaitlistEntry | None:
    """Whose place in line a hold was offered to, if it was."""
    return session.scalar(select(WaitlistEntry).where(WaitlistEntry.hold_id == hold.id))


def openings(offering: Offering, team: Sequence[Consultant]) -> list[datetime]:
    """Every kick-off that is open with a team, or (none named) with anyone; in order."""
    if not offering.sold:
        return []
    return queries.kickoffs(offering, team) if team else queries.kickoffs_of_anyone(offering)


def for_passers_by(
    offering: Offering, team: Sequence[Consultant], starts: Sequence[datetime]
) -> list[datetime]:
    """The starts that nobody waits for: the rest goes to the line, as soon as it is served."""
    line = session.scalars(WaitlistEntry.before(offering, team)).all()
    return [at for at in starts if not any(of_use(entry, at) for entry in line)]


def of_use(entry: WaitlistEntry, start: datetime) -> bool:
    """Whether a kick-off is late enough for them, and can be kept long enough."""
    if entry.wishes_from:
        local = start.astimezone(ZoneInfo(entry.time_zone))
        if local.date() < entry.wishes_from:
            return False
    return kept_until(start) is not None


class Looking:
    """What is open, read once for all who wait for the same; anew after something was taken."""

    def __init__(self) -> None:
        self.read: dict[object, list[datetime]] = {}

    def open_for(self, entry: WaitlistEntry) -> list[datetime]:
        wish = entry.offering_id, tuple(entry.consultant_ids)
        if wish not in self.read:
            self.read[wish] = openings(entry.offering, entry.team)
        return [at for at in self.read[wish] if of_use(entry, at)]

    def forget(self) -> None:
        self.read.clear()


def _decided() -> Select[WaitlistEntry]:
    """Offers whose hold is over, and lapsed ones that were booked after all."""
    over = or_(Hold.state != "held", Hold.expires_at <= clock.now())
    made = WaitlistEntry.state == "offered", over
    late = WaitlistEntry.state == "lapsed", Hold.state == "confirmed"
    rows = select(WaitlistEntry).join(Hold, Hold.id == WaitlistEntry.hold_id)
    return rows.where(or_(made[0] & made[1], late[0] & late[1])).order_by(WaitlistEntry.id)


def _offer(entry: WaitlistEntry, looking: Looking) -> None:
    """Hold the first kick-off by day (by their clock) that is of use to them, or by night if there
    is none; raced for it, the next."""
    zone = ZoneInfo(entry.time_zone)
    starts = looking.open_for(entry)
    by_day = sorted(starts, key=lambda at: at.astimezone(zone).hour not in BY_DAY)
    for start in by_day[:TRIES]:
        try:
            hold = _held(entry, start)
        except (NotOffered, SlotTaken):
            continue
        entry.offer(hold)
        looking.forget()
        return


def _held(entry: WaitlistEntry, start: datetime) -> Hold:
    until = kept_until(start)
    if until is None:
        raise NotOffered
    minutes = (until - clock.now()) // timedelta(minutes=1)
    key = f"waitlist:{entry.id}:{entry.offers}"
    offering, team, zone = entry.offering, entry.team, entry.time_zone
    if team:
        return Hold.take(offering, team, start, zone, key, minutes)
    teams = queries.teams_in_turn(offering, start)
    return Hold.take_any(offering, teams, start, zone, key, minutes)
