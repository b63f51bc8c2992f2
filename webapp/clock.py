"""now(): the one place time comes from.

Business time is machine time plus the offset in CLOCK_OFFSET_FILE (seconds; unset in production).
The file is read at each call, so that every process of a sandbox agrees. What guards machines
rather than business (leases, sessions, sign-in tokens, throttles, webhook signatures) uses
machine_now().
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


def machine_now() -> datetime:
    return datetime.now(UTC)


def now() -> datetime:
    """Business time, in UTC."""
    return machine_now() + offset()


def offset() -> timedelta:
    path = os.environ.get("CLOCK_OFFSET_FILE")
    if not path:
        return timedelta()
    try:
        return timedelta(seconds=float(Path(path).read_text() or 0))
    except FileNotFoundError:
        return timedelta()
