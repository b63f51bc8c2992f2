"""Outside calendars, the time they take, and our meetings' copies in them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    delete,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock, outbox
from webapp.catalog.models import Consultant
from webapp.db import Base, Identified, session

KINDS = ("ics", "caldav", "google", "microsoft")
ACCOUNT_KINDS = ("caldav", "google", "microsoft")


class OutsideAccount(Identified, Base):
    """An account at a calendar server; its calendars share its credentials.

    address: of a 'caldav' where its calendars were looked for, else ''. username: as the person
    knows the account. secret: sealed, a password or an OAuth token. found: the calendars it was
    last seen to have, [{"address", "name", "writable"}]. leaving_at: when its removal was asked
    for; once our copies are out of it and its access is given back, the row goes.
    """

    __tablename__ = "outside_account"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    kind: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    username: Mapped[str]
    secret: Mapped[str]
    found: Mapped[list[Any]] = mapped_column(default=list)
    leaving_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    calendars: Mapped[list[OutsideCalendar]] = relationship(
        back_populates="account", passive_deletes="all", order_by="OutsideCalendar.name"
    )

    __table_args__ = (
        CheckConstraint(f"kind IN {ACCOUNT_KINDS}", name="kind"),
        UniqueConstraint("consultant_id", "kind", "address", "username"),
    )

    @property
    def used(self) -> bool:
        return any(calendar.reads for calendar in self.calendars)

    def choose(self, read: Collection[str], written: str | None) -> None:
        """Count the busy time of those addresses, and copy our meetings into that one.

        The written one is read as well, or nobody would notice what becomes of the copies. At most
        one calendar of a consultant is written: one of another account is written no more.
        """
        if written is not None:
            self._write_no_other(written)
        chosen = {*read, written}
        known = {calendar.address for calendar in self.calendars}
        for found in self.found:
            if found["address"] in chosen - known:
                self._added(found)
        for calendar in self.calendars:
            calendar.use(calendar.address in chosen, calendar.address == written)

    def leave(self, with_copies: bool) -> None:
        """Stop using it. with_copies: our meetings ahead are taken out of it first."""
        self.leaving_at = clock.now()
        for calendar in self.calendars:
            calendar.use(False, False)
            if not with_copies:
                session.execute(delete(OutsideCopy).where(OutsideCopy.calendar_id == calendar.id))

    def _added(self, found: dict[str, Any]) -> None:
        calendar = OutsideCalendar(
            consultant_id=self.consultant_id, kind=self.kind, name=found["name"],
            address=found["address"], username=self.username,
        )  # fmt: skip
        self.calendars.append(calendar)
        session.flush()
        outbox.enqueue_again("calendars.read", calendar.id)

    def _write_no_other(self, address: str) -> None:
        others = select(OutsideCalendar).where(
            OutsideCalendar.consultant_id == self.consultant_id, OutsideCalendar.writes
        )
        for calendar in session.scalars(others):
            if calendar.account_id != self.id or calendar.address != address:
                calendar.writes = False
        session.flush()


class OutsideCalendar(Identified, Base):
    """A calendar that a consultant keeps elsewhere.

    address: where it is, as may be shown; of an 'ics' the host alone, for its whole address is a
    secret. secret: sealed (see sealing.py): the address of an 'ics'; the other kinds have theirs on
    their account, and '' here.
    reads: its busy time counts; writes: our meetings are copied into it.
    validators: what the next read is conditional on (see provider.py), the zone it was read for,
    and until when its server asked to be left alone (waiting.py).
    read_at: the last good read; tried_at: the last try; covers_until: how far ahead the busy time
    that is stored goes; problem: why the last try failed, in words, '' when it did not; failures:
    tries that failed since the last good one; told_at: when the consultant was mailed about it.
    write_problem: why our meetings could not be copied into it, '' when they could.
    """

    __tablename__ = "outside_calendar"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    username: Mapped[str] = mapped_column(default="")
    secret: Mapped[str] = mapped_column(default="")
    account_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("outside_account.id", ondelete="CASCADE"), index=True
    )
    reads: Mapped[bool] = mapped_column(default=True)
    writes: Mapped[bool] = mapped_column(default=False)
    validators: Mapped[dict[str, Any]] = mapped_column(default=dict)
    read_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    covers_until: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(default="")
    failures: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime | None]
    write_problem: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    consultant: Mapped[Consultant] = relationship()
    account: Mapped[OutsideAccount | None] = relationship(back_populates="calendars", lazy="joined")

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint("(kind = 'ics') = (account_id IS NULL)", name="account"),
        Index(
            "uq_outside_calendar_written", "consultant_id", unique=True, postgresql_where="writes"
        ),
    )

    def use(self, reads: bool, writes: bool) -> None:
        """Read it, write it, or neither; what it took of the consultant's time goes with that."""
        self.reads, self.writes = reads, writes
        if not reads:
            session.execute(delete(OutsideBusy).where(OutsideBusy.calendar_id == self.id))
            self.validators, self.read_at, self.covers_until = {}, None, None

    @property
    def sealed_secret(self) -> str:
        """Its own, or its account's."""
        return self.account.secret if self.account else self.secret


class OutsideBusy(Identified, Base):
    """Time taken in an outside calendar; what takes it is not kept."""

    __tablename__ = "outside_busy"

    calendar_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("outside_calendar.id", ondelete="CASCADE"), index=True
    )
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    uid: Mapped[str]

    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index("ix_outside_busy_ahead", "consultant_id", "ends_at"),
    )


class OutsideCopy(Identified, Base):
    """Our meeting as it stands in an outside calendar.

    tag: what the calendar calls this state of the copy, None while it has none that we know of.
    sequence: of the meeting as it was copied, -1 until it was. changed: somebody changed or deleted
    the copy. mended: how often this sequence was written again for that. wait_until: when another
    try is worth it after one that failed.
    """

    __tablename__ = "outside_copy"

    calendar_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("outside_calendar.id", ondelete="CASCADE"), index=True
    )
    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    tag: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(default=-1)
    changed: Mapped[bool] = mapped_column(default=False)
    mended: Mapped[int] = mapped_column(default=0)
    wait_until: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("calendar_id", "booking_id"),)
