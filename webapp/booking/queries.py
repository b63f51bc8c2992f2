"""Reads over consultants, their calendars and their capacity."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from webapp import clock
from webapp.accounts.models import Person
from webapp.booking.models.hold import Hold
from webapp.booking.models.meeting import Booking
from webapp.booking.models.open_times import WEEK, calendars
from webapp.booking.models.refusals import NotOffered
from webapp.booking.models.seat import Team, as_team
from webapp.booking.models.together import NEAREST_REACH, Together
from webapp.booking.slots.search import EARLIEST, LATEST
from webapp.booking.staffing.bench import DAY, Bench, Candidate, together
from webapp.booking.staffing.free_days import Free, free_days
from webapp.booking.staffing.seating import FARTHEST, bench, calendars_ahead, party, seats_on
from webapp.booking.staffing.turns import in_turn
from webapp.catalog.models import Consultant, Offering
from webapp.catalog.queries import on_sale
from webapp.db import session
from webapp.web import firm_zone

SHOWN_MONTHS = 3
# With everybody's times together, more than this would only make the page slow.
WEEKS_OF_ANYONE = 9


@dataclass(frozen=True)
class Listed:
    """A consultant as lists show them; free: days left of each month."""

    consultant: Consultant
    free: Free
    next_open: datetime | None

    @property
    def free_days(self) -> int:
        """What can be had in every one of the months shown."""
        return min(list(self.free.values())[:SHOWN_MONTHS])

    @property
    def shown(self) -> Free:
        return dict(list(self.free.items())[:SHOWN_MONTHS])


def published(roles: Collection[str] = ()) -> Select[Consultant]:
    """Consultants on the public list who hold all these roles, by name."""
    rows = select(Consultant).join(Person).where(Consultant.published)
    return rows.where(Consultant.roles.contains(sorted(roles))).order_by(Person.name, Consultant.id)


def with_slug(slug: str) -> Consultant | None:
    return session.scalar(published().where(Consultant.slug == slug))


def with_slugs(slugs: Sequence[str]) -> Sequence[Consultant]:
    return session.scalars(published().where(Consultant.slug.in_(slugs))).all()


def listed(consultants: Sequence[Consultant]) -> list[Listed]:
    """Their free days and the next kick-off that anything on sale could begin with.

    Six queries, however many they are.
    """
    free, read, sold = free_days(consultants), calendars_ahead(consultants), on_sale()
    return [
        Listed(who, free[who.id], _next_open(seats_on(sold, who, free[who.id], read[who.id])))
        for who in consultants
    ]


def _next_open(seats: Sequence[Candidate]) -> datetime | None:
    firsts = [_first_start([seat], None) for seat in seats if seat.hopeful]
    return min(filter(None, firsts), default=None)


def kickoffs_by_offering(
    who: Consultant, offerings: Sequence[Offering]
) -> dict[Offering, list[datetime]]:
    """Every kick-off of that consultant alone, for each of the offerings they can start."""
    found = {offering: kickoffs(offering, who) for offering in offerings}
    return {offering: starts for offering, starts in found.items() if starts}


def able_for(offering: Offering, own: Hold | None = None) -> Bench:
    """Those who have the days for it (or `own` them), alone or as one of two."""
    return bench(offering, own).hopeful


def who_can_start(
    offering: Offering, month: date | None = None, able: Bench | None = None
) -> list[Listed]:
    """Those with all its roles, the days and an open kick-off (in that month), soonest first."""
    able = able or able_for(offering)
    return _soonest(((one, [one]) for one in able.solo), month)


def who_can_lead(able: Bench, month: date | None = None) -> list[Listed]:
    """For an offering of both roles: its COOs, by when an Integrator can join them."""
    firsts: dict[uuid.UUID, datetime] = {}
    for week in _weeks(month):
        waiting = [one for one in able.leads if one.consultant.id not in firsts]
        if not waiting:
            break
        joint = replace(able, leads=waiting).joint_starts(*week)
        found = ((one, _within(joint[one.consultant.id], one, month)) for one in waiting)
        firsts |= {one.consultant.id: starts[0] for one, starts in found if starts}
    return _listed(able.leads, firsts)


def who_can_join(able: Bench, lead: Consultant, month: date | None = None) -> list[Listed]:
    """The Integrators with a kick-off together with that COO, soonest first."""
    leading = [one for one in able.leads if one.consultant.id == lead.id]
    partners = [one for one in able.partners if one.consultant.id != lead.id]
    return _soonest(((one, [*leading, one]) for one in partners if leading), month)


def kickoffs(
    offering: Offering, consultants: Consultant | Team, own: Hold | None = None
) -> list[datetime]:
    """Every kick-off of one or of a team, in UTC; what the visitor holds (`own`) stays listed."""
    team = party(offering, as_team(consultants), own)
    return [at for week in _weeks() for at in together(team, *week)]


def kickoffs_of_anyone(offering: Offering, own: Hold | None = None) -> list[datetime]:
    """Every kick-off that anybody, or any two, could take in the coming weeks, in UTC."""
    able = able_for(offering, own)
    return [at for week in islice(_weeks(), WEEKS_OF_ANYONE) for at in able.starts(*week)]


def first_of_anyone(able: Bench, month: date | None = None) -> datetime | None:
    """The soonest kick-off that anybody could take (in that month, by the firm's clock)."""
    zone = firm_zone()
    starts = (at for week in _weeks(month) for at in able.starts(*week))
    return next((at for at in starts if not month or _month(at, zone) == month), None)


def nearest_of_anyone(offering: Offering, at: datetime, n: int = 3) -> list[datetime]:
    """The n kick-offs closest to an instant that anybody could take, in order of time."""
    first, last = max(at - NEAREST_REACH, clock.now()), at + NEAREST_REACH
    found = able_for(offering).starts(first, max(first, last))
    return sorted(sorted(found, key=lambda start: abs(start - at))[:n])


def teams_in_turn(offering: Offering, at: datetime, own: Hold | None = None) -> Sequence[Team]:
    """Who can begin at that start, in whose turn it is (see `in_turn`).

    None of them: the time is taken. Raises NotOffered where nobody would offer it ever.
    """
    if not EARLIEST < at < LATEST:
        raise NotOffered
    able = bench(offering, own)
    teams = in_turn(able, at)
    if not teams and not in_turn(able.untaken, at):
        raise NotOffered
    return teams


def moves(booking: Booking) -> list[datetime]:
    """Every other time on offer for a meeting, in UTC, at which all its consultants are free."""
    now, minutes = clock.now(), booking.span.minutes
    ids = [who.id for who in booking.consultants]
    read = calendars(ids, now, now + FARTHEST, besides_booking=booking.id)
    everybody = Together.of([read[who] for who in ids])
    own = booking.starts_at if booking.movable else None
    return [start for start in everybody.each_slot(minutes) if start != own]


def _weeks(month: date | None = None) -> Iterator[tuple[datetime, datetime]]:
    """[first, last) of each week that may be open; of those around a month, where one is given."""
    first, last = clock.now(), clock.now() + FARTHEST
    if month:
        # Somewhere on earth it is the month's first day already, or its last day still.
        begins = datetime.combine(month, time(), UTC)
        first, last = max(first, begins - DAY), begins + timedelta(days=33)
    while first < last:
        yield first, first + WEEK
        first += WEEK


def _soonest(
    teams: Iterable[tuple[Candidate, Sequence[Candidate]]], month: date | None
) -> list[Listed]:
    """Each with the first start of their team."""
    asked = list(teams)
    firsts = {one.consultant.id: _first_start(team, month) for one, team in asked}
    open_ones = {who: first for who, first in firsts.items() if first}
    return _listed([one for one, _ in asked], open_ones)


def _first_start(team: Sequence[Candidate], month: date | None) -> datetime | None:
    lead = team[0]
    for week in _weeks(month):
        if week[0] >= lead.calendar.horizon:
            break
        if starts := _within(together(team, *week), lead, month):
            return starts[0]
    return None


def _within(starts: Iterable[datetime], one: Candidate, month: date | None) -> list[datetime]:
    zone = one.consultant.time_zone
    return [at for at in starts if not month or _month(at, zone) == month]


def _listed(able: Iterable[Candidate], firsts: Mapping[uuid.UUID, datetime]) -> list[Listed]:
    rows = [
        Listed(one.consultant, one.free, firsts[one.consultant.id])
        for one in able
        if one.consultant.id in firsts
    ]
    return sorted(rows, key=lambda row: (row.next_open, row.consultant.name))


def _month(start: datetime, zone: str) -> date:
    return start.astimezone(ZoneInfo(zone)).date().replace(day=1)
