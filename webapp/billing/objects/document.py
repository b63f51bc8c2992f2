"""Stripe's objects as plain dictionaries, and what many of them share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]


def instant(seconds: int | None) -> datetime | None:
    """From Unix time; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def id_of(reference: Any) -> str | None:
    """The id behind a reference, whether Stripe expanded it or not."""
    if isinstance(reference, dict):
        return str(reference["id"])
    return reference or None
