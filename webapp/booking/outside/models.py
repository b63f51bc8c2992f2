"""Outside calendars, the time they take, and our meetings' copies in them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.booking.outside.account import OutsideAccount
from webapp.catalog.models import Consultant
from webapp.db import Base, Identified

KINDS = ("ics", "caldav", "google", "microsoft")


class OutsideCalendar(Identified, Base):
    """A calendar that a consultant keeps elsewhere.

    address: where it is, as may be shown; of an 'ics' the host alone, for its whole address is a
    secret. secret: sealed (see sealing.py): the address of an 'ics'; the other kinds have theirs on
    their account, and '' here.
    reads: its busy time counts; writes: our meetings are copied into it.
    read_at: the last good read; tried_at: the last try; covers_until: how far ahead the busy time
    that is stored goes; problem: why the last try failed, in words, '' when it did not; failures:
    tries that failed since the last good one; told_at: when the consultant was mailed about it.
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
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    consultant: Mapped[Consultant] = relationship()
    account: Mapped[OutsideAccount | None] = relationship(lazy="joined")

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint("(kind = 'ics') = (account_id IS NULL)", name="account"),
        Index(
            "uq_outside_calendar_written", "consultant_id", unique=True, postgresql_where="writes"
        ),
    )

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
    sequence: of the meeting as it was copied, -1 when the copy is known to be wrong. mended: how
    often this sequence was written again because the copy had been changed. busy_until: machine
    time until when one worker alone works on it.
    """

    __tablename__ = "outside_copy"

    calendar_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("outside_calendar.id", ondelete="CASCADE"), index=True
    )
    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    tag: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(default=-1)
    mended: Mapped[int] = mapped_column(default=0)
    busy_until: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("calendar_id", "booking_id"),)
