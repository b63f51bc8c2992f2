"""Meetings that another consultant takes over while one is away."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.db import Base, Identified


class Handover(Identified, Base):
    """A meeting of the absence's consultant that the substitute has now.

    The row goes when the meeting is handed back; what happened is in the audit.
    """

    __tablename__ = "handover"

    absence_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("absence.id"), index=True)
    booking_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    substitute_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"))
    handed_at: Mapped[datetime] = mapped_column(default=clock.now)

    __table_args__ = (UniqueConstraint("absence_id", "booking_id"),)
