"""What a hold is of: an offering, the consultants who fill it, and their days of each month."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from webapp import clock
from webapp.booking.models.capacity import CapacityMonth, CapacityUse, months_from
from webapp.booking.models.contention import contend
from webapp.booking.models.refusals import DaysPromised
from webapp.booking.models.seat import HoldSeat, Team, seats_of, split_days
from webapp.catalog.models import Consultant, Offering
from webapp.db import Identified, session

BEYOND_ANY = 1_000_000


class Seated(Identified):
    """consultant: who leads; seats: everybody who is held, with role and days.

    capacity_ends: the first month from which a confirmed hold no longer takes capacity.
    """

    offering_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offering.id"))
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    starts_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="held")
    capacity_ends: Mapped[date | None]

    @declared_attr
    def offering(cls) -> Mapped[Offering]:
        return relationship()

    @declared_attr
    def consultant(cls) -> Mapped[Consultant]:
        return relationship()

    @declared_attr
    def seat_rows(cls) -> Mapped[list[HoldSeat]]:
        return relationship(order_by=HoldSeat.role, cascade="all, delete-orphan")

    @property
    def seats(self) -> list[HoldSeat]:
        """The lead's first, as 'coo' sorts before 'integrator'.

        A hold from before there were seats is its consultant's alone.
        """
        return self.seat_rows or seats_of(self.offering, [self.consultant], self.id)

    @property
    def team(self) -> list[Consultant]:
        """Everybody who is held, the lead first."""
        return [seat.consultant for seat in self.seats]

    @property
    def team_slug(self) -> str:
        """The team in an address: 'ada', or 'ada+ben'."""
        return "+".join(who.slug for who in self.team)

    @property
    def team_names(self) -> str:
        """'Ada Stone', or 'Ada Stone and Ben Reed'."""
        return " and ".join(who.name for who in self.team)

    @property
    def first_month(self) -> date:
        """The first calendar month in which days are needed of anybody."""
        return min(seat.months(self.offering, self.starts_at)[0] for seat in self.seats)

    @property
    def months_ahead(self) -> list[date]:
        """The months that a running retainer shall have taken by now."""
        if self.state != "confirmed" or not self.offering.is_retainer or self.capacity_ends:
            return []
        return months_from(max(clock.now(), self.starts_at).date())

    def lock(self) -> None:
        """Within `contend`: read afresh, and nobody else changes it until the transaction ends.

        Whoever also locks an engagement or a meeting does that before.
        """
        session.refresh(self, with_for_update={"key_share": True})

    def free_capacity(self, from_month: date) -> None:
        """Give back what a confirmed hold takes from that month on, and take no more."""
        contend(lambda: self._free_capacity(from_month.replace(day=1)))

    def extend_capacity(self) -> None:
        """Keep a running retainer's months taken a year ahead, even where that overbooks:
        the work goes on, and nobody new is promised those days."""
        contend(self._extend_capacity)

    def change_days(self, days: int, from_month: date, refuse: bool = True) -> None:
        """Take so many days a month in all from that month on, shared as at booking.

        refuse: raise DaysPromised past what a consultant has; else they are taken all the same.
        """
        contend(lambda: self._change_days(days, from_month, refuse))

    def keep_capacity(self) -> None:
        """Take again what `free_capacity` gave back. Raises DaysPromised past what they have."""
        contend(self._keep_capacity)

    # -- steps, within a savepoint -----------------------------------------------------------------

    def _in_turn(self) -> list[HoldSeat]:
        """By the ids of the consultants: whoever needs several goes through them in this order."""
        return sorted(self.seats, key=lambda seat: seat.consultant_id)

    def _take_capacity(self, first: Callable[[uuid.UUID], None]) -> None:
        """Take the days of the months that the start calls for, in place of those taken before.

        first: what is done for each consultant before.
        """
        seats = {seat.consultant_id: seat for seat in self.seats}
        for who in sorted(seats.keys() | self._taken_of()):
            give_back(self.id, who)
            first(who)
            if seat := seats.get(who):
                seat.take(seat.months(self.offering, self.starts_at))

    def _taken_of(self) -> set[uuid.UUID]:
        """Whose days it has taken so far."""
        taken = select(CapacityUse.consultant_id).where(CapacityUse.hold_id == self.id)
        return set(session.scalars(taken))

    def _give_back(self) -> None:
        for who in sorted(self._taken_of()):
            give_back(self.id, who)

    def _reseat(self, team: Team) -> None:
        """Others take the seats; whose days are whose is settled by `_take_capacity`."""
        if [who.id for who in team] != [who.id for who in self.team]:
            self.seat_rows = []
            session.flush()
            self.seat_rows = seats_of(self.offering, team)
            self.consultant = team[0]
            session.flush()

    def _free_capacity(self, from_month: date) -> None:
        self.lock()
        self.capacity_ends = min(from_month, self.capacity_ends or from_month)
        for who in sorted(self._taken_of()):
            give_back(self.id, who, CapacityUse.month >= from_month)

    def _extend_capacity(self) -> None:
        self.lock()
        for seat in self._in_turn():
            CapacityMonth.queue(seat.consultant_id)
            seat.take(self._missing(seat.consultant_id), BEYOND_ANY)

    def _change_days(self, days: int, from_month: date, refuse: bool) -> None:
        self.lock()
        self.seat_rows = self.seats
        for seat, share in zip(self.seats, split_days(days, len(self.seats)), strict=True):
            seat.days = share
        session.flush()
        for seat in self._in_turn():
            give_back(self.id, seat.consultant_id, CapacityUse.month >= from_month)
            months = [month for month in self.months_ahead if month >= from_month]
            self._take_or_say(seat, months, refuse)

    def _keep_capacity(self) -> None:
        self.lock()
        self.capacity_ends = None
        for seat in self._in_turn():
            CapacityMonth.queue(seat.consultant_id)
            self._take_or_say(seat, self._missing(seat.consultant_id), refuse=True)

    def _take_or_say(self, seat: HoldSeat, months: Sequence[date], refuse: bool) -> None:
        who, limit = seat.consultant, seat.consultant.days_per_month if refuse else BEYOND_ANY
        full = CapacityMonth.full(who.id, months, seat.days, limit)
        if full and seat.days:
            raise DaysPromised(who.name, full)
        seat.take(months, limit)

    def _missing(self, consultant_id: uuid.UUID) -> Sequence[date]:
        ours = CapacityUse.hold_id == self.id, CapacityUse.consultant_id == consultant_id
        taken = session.scalars(select(CapacityUse.month).where(*ours))
        return sorted(set(self.months_ahead) - set(taken))


def give_back(hold_id: uuid.UUID, consultant_id: uuid.UUID, *which: ColumnElement[bool]) -> None:
    """Give back what the hold takes of a consultant, in all months or in those that match."""
    CapacityMonth.queue(consultant_id)
    CapacityUse.give_back(consultant_id, CapacityUse.hold_id == hold_id, *which)
