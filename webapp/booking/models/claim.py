"""Claims on a consultant's time: the one table in which nobody can be double-booked."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, delete, select
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range, insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.booking.models.availability import CalendarRules
from webapp.booking.models.refusals import NotOffered, SlotTaken
from webapp.booking.slots.search import EARLIEST, LATEST
from webapp.db import Base, Identified, session

KINDS = ("hold", "booking", "block")


@dataclass(frozen=True)
class Span:
    """[starts_at, ends_at), in UTC."""

    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, starts_at: datetime, minutes: int) -> Span:
        """NotOffered for a year that no calendar reaches, which only a crafted request names."""
        if not EARLIEST < starts_at < LATEST:
            raise NotOffered
        return cls(starts_at, starts_at + timedelta(minutes=minutes))

    @property
    def minutes(self) -> int:
        return (self.ends_at - self.starts_at) // timedelta(minutes=1)

    def buffered(self, rules: CalendarRules) -> Range[datetime]:
        before = timedelta(minutes=rules.buffer_before)
        after = timedelta(minutes=rules.buffer_after)
        return Range(self.starts_at - before, self.ends_at + after, bounds="[)")


class Claim(Identified, Base):
    """A span of a consultant's time. `buffered` is [start - buffer before, end + buffer after).

    Two active claims of one consultant never overlap: PostgreSQL refuses it, whoever writes.
    """

    __tablename__ = "claim"

    kind: Mapped[str]
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    buffered: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    active: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[datetime | None]
    hold_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hold.id"), index=True)
    booking_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("booking.id"), index=True)

    __table_args__ = (
        ExcludeConstraint(
            ("consultant_id", "="),
            ("buffered", "&&"),
            where="active",
            using="gist",
            name="claim_no_overlap",
        ),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("(kind = 'hold') = (expires_at IS NOT NULL)", name="only_holds_expire"),
        Index("ix_claim_expiring", "consultant_id", "expires_at", postgresql_where="kind = 'hold'"),
    )

    @classmethod
    def take(cls, kind: str, span: Span, rules: Sequence[CalendarRules], **owner: Any) -> None:
        """Claim the span of every consultant whose rules are given, or raise SlotTaken.

        Rows go in by the order of ids, and a lost one is skipped rather than refused, so that
        racers wait for the winner instead of deadlocking. Call it within `contend`.
        """
        values = [
            {"kind": kind, "consultant_id": rule.consultant_id, "starts_at": span.starts_at,
             "ends_at": span.ends_at, "buffered": span.buffered(rule), "active": True, **owner}
            for rule in sorted(rules, key=lambda rule: rule.consultant_id)
        ]  # fmt: skip
        won = insert(cls).values(values).on_conflict_do_nothing().returning(cls.id)
        if len(session.scalars(won).all()) < len(values):
            raise SlotTaken

    @classmethod
    def drop_expired(cls, consultant_ids: Collection[uuid.UUID]) -> None:
        """Clear away what nobody holds any more: the constraint itself cannot tell the time."""
        theirs = cls.consultant_id.in_(consultant_ids), cls.kind == "hold"
        cls._drop(*theirs, cls.expires_at <= clock.now())

    @classmethod
    def drop_of_hold(cls, hold_id: uuid.UUID) -> None:
        cls._drop(cls.hold_id == hold_id, cls.kind == "hold")

    @classmethod
    def _drop(cls, *which: ColumnElement[bool]) -> None:
        """Locked in the order of ids first, so that no two who drop them wait for each other."""
        found = select(cls.id).where(*which).order_by(cls.id).with_for_update()
        _execute(delete(cls).where(cls.id.in_(found)))


def _execute(statement: Any) -> None:
    session.execute(statement, execution_options={"synchronize_session": False})
