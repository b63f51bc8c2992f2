"""The inbox of Stripe events: stored once, before anything acts on them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import CheckConstraint, Select, bindparam, false, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from webapp import audit, clock, outbox
from webapp.billing.objects.event import SignedEvent
from webapp.db import Base, session

HANDLE = "billing.handle_event"
STATES = ("received", "handled", "ignored", "failed")


class StripeEvent(Base):
    """The payload is kept to read what the event is about; its object is read anew from Stripe.

    did: what handling it changed, as [noun, stripe id or number, field, before, after]; sweeps: how
    often it was put in line again because its job gave up; replays: how often a person did so;
    about: the id of the object, '' where that has none.
    """

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
    about: Mapped[str] = mapped_column(default="", server_default="", index=True)
    refused: Mapped[bool] = mapped_column(default=False, server_default=false())
    did: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    sweeps: Mapped[int] = mapped_column(default=0, server_default="0")
    replays: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (CheckConstraint(f"state IN {STATES}", name="state"),)

    @classmethod
    def receive(cls, event: SignedEvent, refused: str = "") -> bool:
        """Store an event and put it in line; False when it is known. refused: why it is left."""
        values = {
            "id": event.id, "type": event.type, "api_version": event.api_version,
            "livemode": event.livemode, "payload": event.payload,
            "state": "ignored" if refused else "received", "error": refused,
            "received_at": clock.now(), "about": event.subject.get("id") or "",
            "refused": bool(refused),
        }  # fmt: skip
        if refused:
            row = insert(cls).values(values).on_conflict_do_nothing().returning(cls.id)
            return session.scalar(row) is not None
        return (
            session.execute(_intake(), values | {"now": values["received_at"]}).first() is not None
        )

    @property
    def subject(self) -> dict[str, Any]:
        """The object it is about, as it was when the event was made."""
        found: dict[str, Any] = self.payload["data"]["object"]
        return found

    @property
    def replayable(self) -> bool:
        """Whether a person may have it acted on again: not while it is in line, and not one that
        was refused at the door, which is of the other mode."""
        return self.state in {"handled", "failed"} or (self.state == "ignored" and not self.refused)

    def settle(self, state: str, error: str = "") -> None:
        self.state, self.error, self.handled_at = state, error, clock.now()

    def replay(self) -> None:
        """Act on it once more. Safe: its object is read anew, and a step taken is not repeated."""
        self.replays += 1
        self.state, self.error, self.handled_at, self.sweeps = "received", "", None, 0
        outbox.enqueue(HANDLE, self.id, key=f"{HANDLE}:{self.id}:replay:{self.replays}")
        audit.record("stripe_event.replayed", self, type=self.type, times=self.replays)


@cache
def _intake() -> Select[Any]:
    """The event and its job in one statement, built once: Stripe waits for the answer."""
    names = ("id", "type", "api_version", "livemode", "payload", "state", "error", "received_at",
             "about", "refused")  # fmt: skip
    columns = StripeEvent.__table__.c
    values = {name: bindparam(name, type_=columns[name].type) for name in names}
    row = insert(StripeEvent).values(values)
    kept = row.on_conflict_do_nothing().returning(StripeEvent.id).cte("kept")
    return outbox.enqueueing(HANDLE, select(kept.c.id))
