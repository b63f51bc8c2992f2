"""Audit events: who did or looked at what. Append-only, by trigger and by grant."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import has_request_context, request
from flask_login import current_user
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.db import Base, Identified, aside, session


class AuditEvent(Identified, Base):
    """actor_id is None for the system and for visitors; subject is '<table>:<id>'."""

    __tablename__ = "audit_event"

    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(index=True)
    detail: Mapped[dict[str, Any]]
    address: Mapped[str]


def record(action: str, subject: object = "", **detail: Any) -> None:
    """Write down an event with the change it belongs to (same transaction).

    action: '<noun>.<verb in past>'; subject: a mapped object or text; detail: JSON values.
    """
    session.add(_event(action, subject, detail))


def record_refusal(action: str, subject: object = "", **detail: Any) -> None:
    """Write down what was refused: kept although the request is rolled back."""
    with aside() as own:
        own.add(_event(action, subject, detail))


def _event(action: str, subject: object, detail: dict[str, Any]) -> AuditEvent:
    person = current_user if has_request_context() and current_user.is_authenticated else None
    return AuditEvent(
        at=clock.now(),
        actor_id=person.id if person else None,
        actor=_actor(person),
        action=action,
        subject=_name(subject),
        detail=detail,
        address=(request.remote_addr or "") if has_request_context() else "",
    )


def _actor(person: Any) -> str:
    if person:
        return str(person.email)
    return "visitor" if has_request_context() else "system"


def _name(subject: object) -> str:
    if isinstance(subject, str):
        return subject
    table = getattr(subject, "__tablename__", type(subject).__name__)
    return f"{table}:{getattr(subject, 'id', '')}"
