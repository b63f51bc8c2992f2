"""Travel: dates on which a consultant keeps their hours by another zone's clock."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base, Identified


class Travel(Identified, Base):
    """From `first` to `last`, both included, the hours of a date are read in `time_zone`."""

    __tablename__ = "travel"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    first: Mapped[date]
    last: Mapped[date]
    time_zone: Mapped[str]

    __table_args__ = (CheckConstraint("first <= last", name="order"),)
