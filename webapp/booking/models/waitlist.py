"""Who waits for a consultant that is full, and what becomes of their place in line."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    Uuid,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import audit, clock, outbox
from webapp.accounts.models import Person
from webapp.booking.models.freed import freed
from webapp.booking.models.hold import Hold
from webapp.booking.models.refusals import TooManyAsked
from webapp.catalog.models import Consultant, Offering
from webapp.db import Base, Email, Identified, session

STATES = ("unconfirmed", "waiting", "offered", "taken", "lapsed", "left")
IN_LINE = ("waiting", "offered")
OPEN = ("unconfirmed", *IN_LINE)
MOST_PER_ADDRESS = 5
PER = timedelta(hours=1)
ANYONE = "anyone who can"
CONFIRM_WITHIN = timedelta(days=7)


class WaitlistEntry(Identified, Base):
    """One address in line for an offering, with certain consultants or with anyone who can.

    consultant_ids: the team wished for, lead first; none means anyone. wishes_from: the first day
    that is of use. joined_at: when the address was confirmed, which is its place in line. States:
    unconfirmed (counts for nothing), waiting, offered (its hold is live until offered_until),
    taken, lapsed (nobody came), left (by themselves, or removed by the firm).
    """

    __tablename__ = "waitlist_entry"

    offering_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offering.id"), index=True)
    consultant_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    name: Mapped[str]
    email: Mapped[str] = mapped_column(Email)
    time_zone: Mapped[str]
    wishes_from: Mapped[date | None]
    state: Mapped[str] = mapped_column(default="unconfirmed", index=True)
    joined_at: Mapped[datetime | None] = mapped_column(index=True)
    offers: Mapped[int] = mapped_column(default=0)
    hold_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hold.id"), index=True)
    offered_until: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(default="", index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    offering: Mapped[Offering] = relationship()
    hold: Mapped[Hold | None] = relationship()

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(state IN ('waiting', 'offered')) <= (joined_at IS NOT NULL)",
                        name="in_line_since"),
        CheckConstraint("(state = 'offered') <= (hold_id IS NOT NULL)", name="offered_what"),
        Index("uq_waitlist_entry_open", "offering_id", "consultant_ids", "email", unique=True,
              postgresql_where=f"state IN {OPEN}"),
    )  # fmt: skip

    @classmethod
    def ask(
        cls,
        offering: Offering,
        team: Sequence[Consultant],
        name: str,
        email: str,
        time_zone: str,
        wishes_from: date | None,
        address: str,
    ) -> WaitlistEntry:
        """Ask for a place; a mail to that address, and no more, tells how to take it.

        Asked again while the place is open, it is the same entry, which until it is confirmed says
        what was asked last. Raises TooManyAsked when the
        network address asked for MOST_PER_ADDRESS within the hour.
        """
        if address and cls._asked_from(address) >= MOST_PER_ADDRESS:
            raise TooManyAsked
        wished = {"name": name, "time_zone": time_zone, "wishes_from": wishes_from}
        entry = cls._open_entry(offering, [who.id for who in team], email, wished)
        entry.address = address
        if entry.state == "unconfirmed":
            entry.name, entry.time_zone, entry.wishes_from = name, time_zone, wishes_from
        outbox.enqueue("booking.answer_waitlist", entry.id, key=f"waitlist:{uuid.uuid4()}")
        return entry

    @classmethod
    def _open_entry(
        cls, offering: Offering, ids: list[uuid.UUID], email: str, wished: dict[str, Any]
    ) -> WaitlistEntry:
        """The one there is; made where there is none."""
        row = insert(cls).values(
            offering_id=offering.id, consultant_ids=ids, email=email, state="unconfirmed",
            offers=0, created_at=clock.now(), **wished,
        )  # fmt: skip
        session.execute(row.on_conflict_do_nothing())
        known = select(cls).where(
            cls.offering_id == offering.id, cls.consultant_ids == ids, cls.email == email,
            cls.state.in_(OPEN),
        )  # fmt: skip
        return session.scalars(known).one()

    @classmethod
    def _asked_from(cls, address: str) -> int:
        recent = cls.address == address, cls.created_at > clock.now() - PER
        return session.scalar(select(func.count()).where(*recent)) or 0

    @classmethod
    def in_line(cls, state: str = "waiting") -> Select[WaitlistEntry]:
        return select(cls).where(cls.state == state).order_by(cls.joined_at, cls.id)

    @classmethod
    def before(cls, offering: Offering, team: Iterable[Consultant]) -> Select[WaitlistEntry]:
        """Those who wait for this very booking, with this team or with anyone who can."""
        ids = [who.id for who in team]
        wished = or_(cls.consultant_ids == ids, func.cardinality(cls.consultant_ids) == 0)
        return cls.in_line().where(cls.offering_id == offering.id, wished)

    @classmethod
    def waiting_for(cls, person: Person) -> int:
        """How many are in line for that consultant by name."""
        wished = Consultant.id == func.any(cls.consultant_ids)
        row = select(func.count(cls.id)).join(Consultant, wished)
        found = row.where(Consultant.person_id == person.id, cls.state.in_(IN_LINE))
        return session.scalar(found) or 0

    @classmethod
    def names_of(cls, entries: Iterable[WaitlistEntry]) -> dict[uuid.UUID, str]:
        """Whom each waits for, in words; one query, however many they are."""
        entries = list(entries)
        ids = {who for entry in entries for who in entry.consultant_ids}
        found = {who.id: who.name for who in session.scalars(
            select(Consultant).where(Consultant.id.in_(ids)))}  # fmt: skip
        return {
            entry.id: " and ".join(found[who] for who in entry.consultant_ids) or ANYONE
            for entry in entries
        }

    @property
    def team(self) -> list[Consultant]:
        """Those wished for, lead first; empty for anyone."""
        found = {who: session.get_one(Consultant, who) for who in self.consultant_ids}
        return list(found.values())

    @property
    def with_whom(self) -> str:
        return self.names_of([self])[self.id]

    @property
    def place(self) -> int | None:
        """1 for the first in line for the same thing; None for who is not in line."""
        if self.state not in IN_LINE or self.joined_at is None:
            return None
        cls = type(self)
        ahead = select(func.count()).where(
            cls.offering_id == self.offering_id, cls.consultant_ids == self.consultant_ids,
            cls.state.in_(IN_LINE), cls.joined_at < self.joined_at,
        )  # fmt: skip
        return (session.scalar(ahead) or 0) + 1

    # -- what becomes of it ------------------------------------------------------------------------

    def confirm(self) -> None:
        """The address is theirs: from now on they are in line. Again, it changes nothing."""
        self._lock()
        if self.state != "unconfirmed":
            return
        self.state, self.joined_at = "waiting", clock.now()
        audit.record("waitlist.joined", self, email=self.email)
        outbox.enqueue("booking.answer_waitlist", self.id, key=f"waitlist:{uuid.uuid4()}")
        session.flush()
        freed()

    def offer(self, hold: Hold) -> None:
        """Keep what was freed for them, and tell them. The caller has locked the entry."""
        self.state, self.hold, self.offered_until = "offered", hold, hold.expires_at
        self.offers += 1
        audit.record("waitlist.offered", self, hold=str(hold.id), email=self.email)
        outbox.enqueue("booking.tell_waitlist", self.id, "offered", self.offers)

    def leave(self) -> None:
        """Give the place back, and what is kept for it; what is being paid for is kept on."""
        self._go("waitlist.left")

    def remove(self) -> None:
        """The firm takes somebody off the list."""
        self._go("waitlist.removed")

    def settle(self) -> None:
        """Note what came of an offer: booked, passed on, or nobody came."""
        self._lock()
        hold = self.hold
        if hold:
            session.refresh(hold)  # they may be going on with it at this moment
        if hold is None or self.state not in {"offered", "lapsed"} or hold.live:
            return
        if hold.state == "confirmed":
            self._become("taken")
        elif self.state == "offered":
            self._become("lapsed")
            outbox.enqueue("booking.tell_waitlist", self.id, "lapsed", self.offers)
            freed()

    # -- steps -------------------------------------------------------------------------------------

    def _go(self, what: str) -> None:
        self._lock()
        if self.state not in OPEN:
            return
        hold, was = self.hold, self.state
        self.state = "left"
        audit.record(what, self, email=self.email, was=was)
        session.flush()
        if was == "offered" and hold and hold.state == "held" and not self._paying:
            hold.release()
        freed()

    @property
    def _paying(self) -> bool:
        """Who goes on with the booking has the hold kept for longer than it was offered."""
        return bool(self.hold and self.offered_until and self.hold.expires_at > self.offered_until)

    def _become(self, state: str) -> None:
        self.state = state
        audit.record(f"waitlist.{state}", self, email=self.email)
        session.flush()

    def _lock(self) -> None:
        session.refresh(self, with_for_update={"key_share": True, "of": WaitlistEntry})


def forget_unconfirmed() -> None:
    """Addresses that nobody confirmed are not kept."""
    old = WaitlistEntry.created_at < clock.now() - CONFIRM_WITHIN
    rows = update(WaitlistEntry).where(WaitlistEntry.state == "unconfirmed", old)
    session.execute(
        rows.values(state="lapsed", name="", email="", address=""),
        execution_options={"synchronize_session": False},
    )
