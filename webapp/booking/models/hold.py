"""A hold: a kick-off slot and the months' capacity, kept for somebody who is still filling in."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock
from webapp.booking.models.capacity import CapacityMonth, CapacityUse, months_from
from webapp.booking.models.claim import Claim, Span
from webapp.booking.models.contention import contend
from webapp.booking.models.occupying import Check, as_free, as_offered, contend_for, line_up, occupy
from webapp.booking.models.refusals import NotOffered, TooManyHeld
from webapp.booking.models.seat import HoldSeat, Team, as_team, can_fill, seats_of
from webapp.catalog.models import Consultant, Offering
from webapp.db import Base, Identified, session

STATES = ("held", "confirmed", "released")
KICKOFF_MINUTES = 60
HOLD_MINUTES = 15
MOST_PER_ADDRESS = 5


class Hold(Identified, Base):
    """States: held (live until expires_at), confirmed (paid; its capacity is sold), released.

    consultant: who leads; seats: everybody who is held, with role and days.
    capacity_ends: the first month from which a confirmed hold no longer takes capacity.
    address: the network address it was taken from; '' for whoever may take any number.
    """

    __tablename__ = "hold"

    offering_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offering.id"))
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    time_zone: Mapped[str]
    state: Mapped[str] = mapped_column(default="held")
    expires_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(unique=True)
    address: Mapped[str] = mapped_column(default="", index=True)
    capacity_ends: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    offering: Mapped[Offering] = relationship()
    consultant: Mapped[Consultant] = relationship()
    seat_rows: Mapped[list[HoldSeat]] = relationship(
        order_by=HoldSeat.role, cascade="all, delete-orphan"
    )

    __table_args__ = (CheckConstraint(f"state IN {STATES}", name="state"),)

    @classmethod
    def take(
        cls,
        offering: Offering,
        consultants: Consultant | Team,
        starts_at: datetime,
        time_zone: str,
        request_key: str | None = None,
        minutes: int = HOLD_MINUTES,
        address: str = "",
    ) -> Hold:
        """Hold a kick-off and its months for so many minutes, of one consultant or of a team.

        The same request_key again is the same hold, moved where another time was chosen. Raises
        NotOffered, NoCapacity, SlotTaken with the nearest alternatives, or TooManyHeld when the
        address has MOST_PER_ADDRESS other live holds.
        """
        team = as_team(consultants)
        if not (offering.sold and can_fill(offering, team) and all(who.published for who in team)):
            raise NotOffered
        span = Span.of(starts_at, KICKOFF_MINUTES)
        until = clock.now() + timedelta(minutes=minutes)
        key = ":".join([str(offering.id), _ids(team), request_key]) if request_key else None
        if address and cls._others_live(address, key) >= MOST_PER_ADDRESS:
            raise TooManyHeld
        return contend_for(
            span, team, lambda: cls._take(offering, team, span, time_zone, key, until, address)
        )

    @classmethod
    def _others_live(cls, address: str, key: str | None) -> int:
        """How many live holds the address has; the one of this very form is not counted.

        Two requests at the same instant may both find room: one too many harms nobody.
        """
        live = select(func.count()).where(
            cls.address == address, cls.state == "held", cls.expires_at > clock.now()
        )
        other = or_(cls.request_key.is_(None), cls.request_key != key)
        return session.scalar(live.where(other) if key else live) or 0

    @classmethod
    def _take(
        cls,
        offering: Offering,
        team: Team,
        span: Span,
        time_zone: str,
        key: str | None,
        until: datetime,
        address: str,
    ) -> Hold:
        seats = seats_of(offering, team)
        row = insert(cls).values(
            offering_id=offering.id, consultant_id=team[0].id, starts_at=span.starts_at,
            ends_at=span.ends_at, time_zone=time_zone, state="held", expires_at=until,
            request_key=key, address=address, created_at=clock.now(),
        )  # fmt: skip
        new_id = session.scalar(row.on_conflict_do_nothing().returning(cls.id))
        if new_id is None:
            return cls._of_key(key)._again(span, until)
        held = session.get_one(cls, new_id)
        held.seat_rows = seats
        session.flush()
        held._occupy(span, as_offered)
        audit.record("hold.taken", held, starts_at=span.starts_at.isoformat())
        return held

    @classmethod
    def _of_key(cls, key: str | None) -> Hold:
        return session.scalars(select(cls).where(cls.request_key == key)).one()

    def _again(self, span: Span, until: datetime) -> Hold:
        """The same form sent twice: the same hold, at the time that was chosen last."""
        self._lock()
        if self.state == "confirmed":
            return self
        if self.span != span:
            self._move(span)
        self._keep(until)
        return self

    @property
    def live(self) -> bool:
        return self.state == "held" and clock.now() < self.expires_at

    @property
    def awaits_payment(self) -> bool:
        """Kept past the usual minutes: somebody is paying, or was sent the link to pay."""
        return self.live and self.expires_at > clock.now() + timedelta(minutes=HOLD_MINUTES)

    @property
    def span(self) -> Span:
        return Span(self.starts_at, self.ends_at)

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
    def first_month(self) -> date:
        """The first calendar month in which days are needed of anybody."""
        return min(seat.months(self.offering, self.starts_at)[0] for seat in self.seats)

    def renew(self, minutes: int = HOLD_MINUTES) -> None:
        """Keep it for so many minutes from now; see keep_until."""
        self.keep_until(clock.now() + timedelta(minutes=minutes))

    def keep_until(self, instant: datetime) -> None:
        """Keep it at least until then; one that lapsed is taken again. Raises SlotTaken."""
        contend_for(self.span, self.team, lambda: self._keep(instant))

    def move(self, starts_at: datetime) -> None:
        """Hold another time instead, with its months; refused (see take), the old one stands."""
        span = Span.of(starts_at, KICKOFF_MINUTES)
        contend_for(span, self.team, lambda: self._move(span))

    def release(self) -> None:
        """Let go of the time and the capacity, at once."""
        contend(self._release)

    def free_capacity(self, from_month: date) -> None:
        """Give back what a confirmed hold takes from that month on, and take no more."""
        contend(lambda: self._free_capacity(from_month.replace(day=1)))

    def extend_capacity(self) -> None:
        """Keep a running retainer's months taken a year ahead, even where that overbooks:
        the work goes on, and nobody new is promised those days."""
        contend(self._extend_capacity)

    def become(self, booking_id: uuid.UUID) -> None:
        """Turn the hold into that booking, within `contend`; one that lapsed is taken again."""
        self._lock()
        if not self._still_claimed(kind="booking", booking_id=booking_id, expires_at=None):
            self._occupy(self.span, as_free, booking_id=booking_id)
        self.state = "confirmed"

    # -- steps, within a savepoint -----------------------------------------------------------------

    def _lock(self) -> None:
        session.refresh(self, with_for_update={"key_share": True})

    def _occupy(self, span: Span, check: Check, **owner: object) -> None:
        """Claim the time as a hold (or, given one, as a booking) and take the capacity."""
        kind = "booking" if owner else "hold"
        expiry = {} if owner else {"expires_at": self.expires_at}
        ids = [who.id for who in self.team]
        occupy(kind, ids, span, check, hold_id=self.id, **expiry, **owner)
        self.starts_at, self.ends_at = span.starts_at, span.ends_at
        for seat in self._in_turn():
            seat.give_back()
            give_back_expired(seat.consultant_id)
            seat.take(seat.months(self.offering, span.starts_at))

    def _in_turn(self) -> list[HoldSeat]:
        """By the ids of the consultants: whoever needs several goes through them in this order."""
        return sorted(self.seats, key=lambda seat: seat.consultant_id)

    def _keep(self, until: datetime) -> None:
        self._lock()
        if self.state == "confirmed":
            return
        self.expires_at = max(until, self.expires_at)
        self.state = "held"
        session.flush()
        if not self._still_claimed(expires_at=self.expires_at):
            self._occupy(self.span, as_free)

    def _move(self, span: Span) -> None:
        self._lock()
        if self.state == "confirmed":
            raise NotOffered
        line_up([who.id for who in self.team])
        self.state = "held"
        self.expires_at = max(self.expires_at, clock.now() + timedelta(minutes=HOLD_MINUTES))
        Claim.drop_of_hold(self.id)
        self._occupy(span, as_offered)
        audit.record("hold.moved", self, starts_at=span.starts_at.isoformat())

    def _release(self) -> None:
        self._lock()
        if self.state == "confirmed":
            raise NotOffered
        self.state = "released"
        Claim.drop_of_hold(self.id)
        for seat in self._in_turn():
            seat.give_back()
        audit.record("hold.released", self)

    def _still_claimed(self, **values: object) -> bool:
        """Change our live claims; False where there is none any more: they lapse together."""
        ours = update(Claim).where(Claim.hold_id == self.id, Claim.kind == "hold", Claim.active)
        live = ours.where(Claim.expires_at > clock.now()).values(**values).returning(Claim.id)
        return bool(session.scalars(live).all())

    def _free_capacity(self, from_month: date) -> None:
        self._lock()
        self.capacity_ends = min(from_month, self.capacity_ends or from_month)
        for seat in self._in_turn():
            seat.give_back(CapacityUse.month >= from_month)

    def _extend_capacity(self) -> None:
        self._lock()
        for seat in self._in_turn():
            CapacityMonth.queue(seat.consultant_id)
            taken = select(CapacityUse.month).where(
                CapacityUse.hold_id == self.id, CapacityUse.consultant_id == seat.consultant_id
            )
            seat.take(sorted(set(self.months_ahead) - set(session.scalars(taken))), BEYOND_ANY)

    @property
    def months_ahead(self) -> list[date]:
        """The months that a running retainer shall have taken by now."""
        if self.state != "confirmed" or not self.offering.is_retainer or self.capacity_ends:
            return []
        return months_from(max(clock.now(), self.starts_at).date())


BEYOND_ANY = 1_000_000


def give_back_expired(consultant_id: uuid.UUID) -> None:
    """The consultant's capacity in holds whose time is up."""
    expired = select(Hold.id).where(
        Hold.id == CapacityUse.hold_id, Hold.state == "held", Hold.expires_at <= clock.now()
    )
    CapacityUse.give_back(consultant_id, expired.exists())


def _ids(team: Team) -> str:
    return "+".join(str(who.id) for who in team)
