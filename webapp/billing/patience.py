"""How long a person is kept waiting for the world outside, all calls together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PAGE_SECONDS = 12.0

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def patience(seconds: float = PAGE_SECONDS) -> Iterator[None]:
    """Bound everything asked inside to so many seconds from now."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def time_left() -> float | None:
    """Seconds; None when nobody waits."""
    until = _deadline.get()
    return None if until is None else until - time.monotonic()
