"""What has happened to a meeting, in the words of its page; read from the audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from webapp.audit import AuditEvent
from webapp.booking.models import Booking
from webapp.db import session
from webapp.web import format_when

Detail = dict[str, Any]
SIDES = {"client": "the client", "consultant": "the consultant"}


@dataclass(frozen=True)
class Event:
    """text is what happened; by: the name of whoever did it, '' for the firm's own rules."""

    at: datetime
    what: str
    detail: Detail

    @property
    def by(self) -> str:
        return str(self.detail.get("by", ""))

    def text(self, zone: str) -> str:
        return SAID[self.what](self.detail, zone)


def of(booking: Booking) -> list[Event]:
    """The latest first."""
    rows = (
        select(AuditEvent)
        .where(AuditEvent.subject == f"booking:{booking.id}")
        .where(AuditEvent.action.in_([f"meeting.{what}" for what in SAID]))
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    )
    return [
        Event(row.at, row.action.removeprefix("meeting."), row.detail)
        for row in session.scalars(rows)
    ]


def why_cancelled(booking: Booking) -> str:
    """What was given as the reason the last time it was called off; '' for nothing."""
    cancelled = (event for event in of(booking) if event.what == "cancelled")
    last = next(cancelled, None)
    return str(last.detail.get("reason", "")) if last else ""


def _from_to(said: str) -> Callable[[Detail, str], str]:
    return lambda detail, zone: (
        f"{said} from {_when(detail['old'], zone)} to {_when(detail['new'], zone)}"
    )


def _when(written: str, zone: str) -> str:
    return format_when(datetime.fromisoformat(written), zone)


def _cancelled(detail: Detail, _zone: str) -> str:
    return f"Called off: {detail['reason']}" if detail.get("reason") else "Called off"


def _missed(detail: Detail, _zone: str) -> str:
    side = SIDES.get(detail.get("side") or "")
    return f"Did not take place: {side} did not come" if side else "Nobody said that it took place"


SAID: dict[str, Callable[[Detail, str], str]] = {
    "booked": lambda detail, zone: f"Booked for {_when(detail['starts_at'], zone)}",
    "moved": _from_to("Moved"),
    "rebooked": _from_to("Booked again, moved"),
    "cancelled": _cancelled,
    "missed": _missed,
    "miss_withdrawn": lambda _detail, _zone: "Taken back: nobody was missing",
    "held": lambda _detail, _zone: "Took place",
    "handed_over": lambda _detail, _zone: "Taken over by another consultant",
    "handed_back": lambda _detail, _zone: "Handed back",
}
