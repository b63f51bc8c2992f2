"""Serving the waitlist: what is open goes to those in line, the first of them first.

Derived from the database and safe to run any number of times, and by several at once: whoever
locks the line first serves it, the others find it served.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
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

Kickoff = tuple[datetime, Sequence[Consultant]]


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


def openings(offering: Offering, team: Sequence[Consultant]) -> list[Kickoff]:
    """Every kick-off on offer with a team, or with anyone who can; in order of time."""
    if not offering.sold:
        return []
    teams = [team] if team else [[row.consultant] for row in queries.who_can_start(offering)]
    found = [(start, who) for who in teams for start in queries.kickoffs(offering, who)]
    return sorted(found, key=itemgetter(0))


class Looking:
    """What is open, read once for all who wait for the same; anew after something was taken."""

    def __init__(self) -> None:
        self.read: dict[object, list[Kickoff]] = {}

    def open_for(self, entry: WaitlistEntry) -> list[Kickoff]:
        wish = entry.offering_id, tuple(entry.consultant_ids)
        if wish not in self.read:
            self.read[wish] = openings(entry.offering, entry.team)
        return self.read[wish]

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
    """Hold the first kick-off that is of use to them; raced for it, the next."""
    for tried, (start, team, minutes) in enumerate(_of_use(entry, looking.open_for(entry))):
        if tried == TRIES:
            return
        key = f"waitlist:{entry.id}:{entry.offers}"
        try:
            hold = Hold.take(entry.offering, team, start, entry.time_zone, key, minutes)
        except (NotOffered, SlotTaken):
            continue
        entry.offer(hold)
        looking.forget()
        return


def _of_use(
    entry: WaitlistEntry, kickoffs: Sequence[Kickoff]
) -> Iterator[tuple[datetime, Sequence[Consultant], int]]:
    zone = ZoneInfo(entry.time_zone)
    for start, team in kickoffs:
        until = kept_until(start)
        soon = entry.wishes_from and start.astimezone(zone).date() < entry.wishes_from
        if until and not soon:
            yield start, team, (until - clock.now()) // timedelta(minutes=1)
