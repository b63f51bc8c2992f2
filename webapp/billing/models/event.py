"""The inbox of Stripe events: stored once, before anything acts on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock, outbox
from webapp.billing.objects.event import SignedEvent
from webapp.db import Base, session

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

    @classmethod
    def receive(cls, event: SignedEvent, refused: str = "") -> bool:
        """Store an event and put it in line; False when it is known. refused: why it is left."""
        row = insert(cls).values(
            id=event.id, type=event.type, api_version=event.api_version, livemode=event.livemode,
            payload=event.payload, state="ignored" if refused else "received", error=refused,
            received_at=clock.now(),
        )  # fmt: skip
        new = session.scalar(row.on_conflict_do_nothing().returning(cls.id)) is not None
        if new and not refused:
            outbox.enqueue("billing.handle_event", event.id)
        return new

    @property
    def subject(self) -> dict[str, Any]:
        """The object it is about, as it was when the event was made."""
        found: dict[str, Any] = self.payload["data"]["object"]
        return found

    def settle(self, state: str, error: str = "") -> None:
        self.state, self.error, self.handled_at = state, error, clock.now()
