"""Out of office: whole days on which a consultant is away, and who stands in."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.catalog.models import Consultant
from webapp.db import Base, Identified, session


class Absence(Identified, Base):
    """Away from `first` to `last`, both included, on the consultant's own calendar.

    It closes these dates whatever else is said of them. note: for the consultant and the firm.
    """

    __tablename__ = "absence"

    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    first: Mapped[date]
    last: Mapped[date]
    substitute_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("consultant.id"), index=True)
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    consultant: Mapped[Consultant] = relationship(foreign_keys=consultant_id)
    substitute: Mapped[Consultant | None] = relationship(foreign_keys=substitute_id)

    __table_args__ = (
        CheckConstraint("first <= last", name="order"),
        CheckConstraint("substitute_id <> consultant_id", name="somebody_else"),
    )

    def end(self, today: date) -> None:
        """Be back from `today` on; one that had not begun is forgotten."""
        if self.first >= today:
            session.delete(self)
        else:
            self.last = min(self.last, today - timedelta(days=1))
