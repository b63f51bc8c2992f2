"""Codes, subjects and instants of the books, as people read them."""

from __future__ import annotations

import uuid
from datetime import datetime

from webapp.engagements.models import Engagement
from webapp.web import format_when


def task_words(code: str) -> str:
    """'billing.settle_cancellation' is 'billing: settle cancellation'."""
    return code.replace("_", " ").replace(".", ": ")


def subject_words(subject: str) -> str:
    """'<table>:<id>' with the table's name in words; other text as it is."""
    table, colon, rest = subject.partition(":")
    return f"{table.replace('_', ' ')} {rest}" if colon and table.isidentifier() else subject


def engagement_of(subject: str) -> uuid.UUID | None:
    """The id of the engagement that a subject '<table>:<id>' names."""
    table, _, identifier = subject.partition(":")
    try:
        return uuid.UUID(identifier) if table == Engagement.__tablename__ else None
    except ValueError:
        return None


def told(value: object, zone: str) -> str:
    """A detail of an event; an instant, kept as ISO text, is told in the reader's zone."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return format_when(at, zone) if at.tzinfo else str(value)
