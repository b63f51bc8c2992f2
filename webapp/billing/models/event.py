"""The inbox of Stripe events: stored once, before anything acts on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.db import Base

STATES = ("received", "handled", "ignored", "failed")


class StripeEvent(Base):
    """The payload is kept to read what the event is about; its object is read anew from Stripe."""

    __tablename__ = "stripe_event"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(index=True)
    api_version: Mapped[str]
    livemode: Mapped[bool]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="received", index=True)
    error: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    handled_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint(f"state IN {STATES}", name="state"),)
