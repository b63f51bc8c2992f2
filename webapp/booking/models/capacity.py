"""Days a month a consultant has sold, so that nobody is promised twice."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base, Identified


class CapacityMonth(Base):
    """How many days of a month are taken; kept by conditional updates, never read then written."""

    __tablename__ = "capacity_month"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    used_days: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("used_days >= 0", name="used_days"),
        CheckConstraint("extract(day from month) = 1", name="month"),
    )


class CapacityUse(Identified, Base):
    """The days that one hold takes of one month, so that exactly these can be given back."""

    __tablename__ = "capacity_use"

    hold_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hold.id"), index=True)
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    month: Mapped[date]
    days: Mapped[int]

    __table_args__ = (UniqueConstraint("hold_id", "consultant_id", "month"),)
