"""A hold: a kick-off slot and the months' capacity, kept for somebody who is still filling in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Uuid, column, exists, func, or_, select, table, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp import audit, clock
from webapp.booking.models.capacity import CapacityUse
from webapp.booking.models.claim import Claim, Span
from webapp.booking.models.contention import contend
from webapp.booking.models.freed import freed
from webapp.booking.models.occupying import (
    Check,
    as_free,
    as_offered,
    contend_for,
    first_won,
    line_up,
    occupy,
)
from webapp.booking.models.refusals import NotOffered, TooManyHeld
from webapp.booking.models.seat import Team, as_team, can_fill, seats_of
from webapp.booking.models.seated import Seated
from webapp.catalog.models import Consultant, Offering
from webapp.db import Base, session

STATES = ("held", "confirmed", "released")
KICKOFF_MINUTES = 60
HOLD_MINUTES = 15
MOST_PER_ADDRESS = 5
ANYONE = "anyone"

# Engagements are a room above this one: only the table's own names are known here.
ENGAGEMENT = table("engagement", column("hold_id", Uuid))


@dataclass(frozen=True)
class Wish:
    """What is asked for, of whomever. key: which form it is; until: when the hold lapses."""

    offering: Offering
    span: Span
    time_zone: str
    key: str | None
    until: datetime
    address: str


class Hold(Seated, Base):
    """States: held (live until expires_at), confirmed (paid; its capacity is sold), released.

    address: the network address it was taken from; '' for whoever may take any number.
    """

    __tablename__ = "hold"

    ends_at: Mapped[datetime]
    time_zone: Mapped[str]
    expires_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(unique=True)
    address: Mapped[str] = mapped_column(default="", index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

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

        The same request_key again is the same hold, moved where another time was chosen; from its
        engagement's beginning on it is given as it is, at whatever time. Raises NotOffered,
        NoCapacity, SlotTaken with the nearest alternatives, or TooManyHeld when the address has
        MOST_PER_ADDRESS other live holds.
        """
        team = as_team(consultants)
        wish = cls._wish(offering, starts_at, time_zone, _ids(team), request_key, minutes, address)
        return contend_for(wish.span, team, lambda: cls._take(wish, team))

    @classmethod
    def take_any(
        cls,
        offering: Offering,
        teams: Iterable[Team],
        starts_at: datetime,
        time_zone: str,
        request_key: str | None = None,
        minutes: int = HOLD_MINUTES,
        address: str = "",
    ) -> Hold:
        """Hold a kick-off with the first of these teams that can still be had; raises as `take`.

        SlotTaken names no alternatives here: whoever made the list of teams knows them.
        """
        wish = cls._wish(offering, starts_at, time_zone, ANYONE, request_key, minutes, address)
        return first_won(teams, lambda team: cls._take(wish, team))

    @classmethod
    def _wish(
        cls,
        offering: Offering,
        starts_at: datetime,
        time_zone: str,
        whom: str,
        request_key: str | None,
        minutes: int,
        address: str,
    ) -> Wish:
        key = f"{offering.id}:{whom}:{request_key}" if request_key else None
        if address and cls._others_live(address, key) >= MOST_PER_ADDRESS:
            raise TooManyHeld
        until = clock.now() + timedelta(minutes=minutes)
        span = Span.of(starts_at, KICKOFF_MINUTES)
        return Wish(offering, span, time_zone, key, until, address)

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
    def _take(cls, wish: Wish, team: Team) -> Hold:
        offering, span = wish.offering, wish.span
        if not (offering.sold and can_fill(offering, team) and all(who.published for who in team)):
            raise NotOffered
        row = insert(cls).values(
            offering_id=offering.id, consultant_id=team[0].id, starts_at=span.starts_at,
            ends_at=span.ends_at, time_zone=wish.time_zone, state="held", expires_at=wish.until,
            request_key=wish.key, address=wish.address, created_at=clock.now(),
        )  # fmt: skip
        new_id = session.scalar(row.on_conflict_do_nothing().returning(cls.id))
        if new_id is None:
            return cls._of_key(wish.key)._again(wish, team)
        held = session.get_one(cls, new_id)
        held.seat_rows = seats_of(offering, team)
        session.flush()
        held._occupy(span, as_offered)
        audit.record("hold.taken", held, starts_at=span.starts_at.isoformat())
        return held

    @classmethod
    def _of_key(cls, key: str | None) -> Hold:
        return session.scalars(select(cls).where(cls.request_key == key)).one()

    def _again(self, wish: Wish, team: Team) -> Hold:
        """The same form sent twice: the same hold, at the time that was chosen last.

        Once something was typed for it, only its engagement moves it: an old form changes nothing.
        """
        self.lock()
        if self.state == "confirmed" or self.begun:
            return self
        if self.span != wish.span:
            self._move(wish.span, team)
        self._keep(wish.until)
        return self

    @property
    def begun(self) -> bool:
        """Whether there is an engagement that it is for."""
        theirs = exists().where(ENGAGEMENT.c.hold_id == self.id)
        return bool(session.scalar(select(theirs)))

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

    def renew(self, minutes: int = HOLD_MINUTES) -> None:
        """Keep it for so many minutes from now; see keep_until."""
        self.keep_until(clock.now() + timedelta(minutes=minutes))

    def keep_until(self, instant: datetime) -> None:
        """Keep it at least until then; one that lapsed is taken again. Raises SlotTaken."""
        contend_for(self.span, self.team, lambda: self._keep(instant))

    def keep_only_until(self, instant: datetime) -> None:
        """Let it lapse earlier than it would: what it was kept so long for will not come."""
        contend(lambda: self._shorten(instant))

    def move(self, starts_at: datetime) -> None:
        """Hold another time instead, with its months; refused (see take), the old one stands."""
        span = Span.of(starts_at, KICKOFF_MINUTES)
        contend_for(span, self.team, lambda: self._move(span, self.team))

    def move_to_any(self, teams: Iterable[Team], starts_at: datetime) -> None:
        """Hold another time with the first of these teams that can still be had; see `take_any`."""
        span = Span.of(starts_at, KICKOFF_MINUTES)
        first_won(teams, lambda team: self._move(span, team))

    def release(self) -> None:
        """Let go of the time and the capacity, at once."""
        contend(self._release)

    def become(self, booking_id: uuid.UUID) -> None:
        """Turn the locked hold into that booking; one that lapsed is taken again."""
        if not self._still_claimed(kind="booking", booking_id=booking_id, expires_at=None):
            self._occupy(self.span, as_free, booking_id=booking_id)
        self.state = "confirmed"

    # -- steps, within a savepoint -----------------------------------------------------------------

    def _occupy(self, span: Span, check: Check, **owner: object) -> None:
        """Claim the time as a hold (or, given one, as a booking) and take the capacity."""
        kind = "booking" if owner else "hold"
        expiry = {} if owner else {"expires_at": self.expires_at}
        ids = [who.id for who in self.team]
        occupy(kind, ids, span, check, hold_id=self.id, **expiry, **owner)
        self.starts_at, self.ends_at = span.starts_at, span.ends_at
        self._take_capacity(give_back_expired)

    def _keep(self, until: datetime) -> None:
        self.lock()
        if self.state == "confirmed":
            return
        self.expires_at = max(until, self.expires_at)
        self.state = "held"
        session.flush()
        if not self._still_claimed(expires_at=self.expires_at):
            self._occupy(self.span, as_free)

    def _shorten(self, until: datetime) -> None:
        self.lock()
        if self.state == "held" and self.expires_at > until:
            self.expires_at = until
            self._still_claimed(expires_at=until)

    def _move(self, span: Span, team: Team) -> None:
        self.lock()
        if self.state == "confirmed" or not can_fill(self.offering, team):
            raise NotOffered
        line_up([who.id for who in (*self.team, *team)])
        self._reseat(team)
        self.state = "held"
        self.expires_at = max(self.expires_at, clock.now() + timedelta(minutes=HOLD_MINUTES))
        Claim.drop_of_hold(self.id)
        self._occupy(span, as_offered)
        audit.record("hold.moved", self, starts_at=span.starts_at.isoformat())

    def _release(self) -> None:
        self.lock()
        if self.state == "confirmed":
            raise NotOffered
        self.state = "released"
        Claim.drop_of_hold(self.id)
        self._give_back()
        audit.record("hold.released", self)
        freed()

    def _still_claimed(self, **values: object) -> bool:
        """Change our live claims; False where there is none any more: they lapse together."""
        ours = update(Claim).where(Claim.hold_id == self.id, Claim.kind == "hold", Claim.active)
        live = ours.where(Claim.expires_at > clock.now()).values(**values).returning(Claim.id)
        return bool(session.scalars(live).all())


def give_back_expired(consultant_id: uuid.UUID) -> None:
    """The consultant's capacity in holds whose time is up."""
    expired = select(Hold.id).where(
        Hold.id == CapacityUse.hold_id, Hold.state == "held", Hold.expires_at <= clock.now()
    )
    CapacityUse.give_back(consultant_id, expired.exists())


def _ids(team: Team) -> str:
    return "+".join(str(who.id) for who in team)
