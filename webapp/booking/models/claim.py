"""Claims on a consultant's time: the one table in which nobody can be double-booked."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base, Identified

KINDS = ("hold", "booking", "block")


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
