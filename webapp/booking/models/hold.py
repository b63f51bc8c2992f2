"""A hold: a kick-off slot and the months' capacity, kept for somebody who is still filling in."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.catalog.models import Consultant, Offering
from webapp.db import Base, Identified

STATES = ("held", "confirmed", "released")


class Hold(Identified, Base):
    """States: held (live until expires_at), confirmed (paid; its capacity is sold), released."""

    __tablename__ = "hold"

    offering_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("offering.id"))
    consultant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consultant.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    time_zone: Mapped[str]
    state: Mapped[str] = mapped_column(default="held")
    expires_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    offering: Mapped[Offering] = relationship()
    consultant: Mapped[Consultant] = relationship()

    __table_args__ = (CheckConstraint(f"state IN {STATES}", name="state"),)

    @property
    def live(self) -> bool:
        return self.state == "held" and clock.now() < self.expires_at
