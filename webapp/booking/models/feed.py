"""The private calendar subscription of a person."""

from __future__ import annotations

import secrets
import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.accounts.models import Person
from webapp.db import Base


class CalendarFeed(Base):
    """The token is the whole secret of /calendar/<token>.ics; a new one ends the old address."""

    __tablename__ = "calendar_feed"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    token: Mapped[str] = mapped_column(unique=True, default=lambda: secrets.token_urlsafe(24))
    person: Mapped[Person] = relationship()

    def renew(self) -> None:
        self.token = secrets.token_urlsafe(24)
