"""How long a server asks to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from webapp import clock
from webapp.booking.outside.fetch.fetching import Answer

LONGEST_SECONDS = 3600


def asked_to_wait(answer: Answer) -> int:
    """Seconds, from Retry-After (RFC 9110: a number of them, or a date), an hour at most."""
    written = answer.headers.get("Retry-After", "").strip()
    wished = int(written[:9]) if _is_number(written) else _seconds_until(written)
    return max(0, min(wished, LONGEST_SECONDS))


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdigit()


def _seconds_until(written: str) -> int:
    """By the machine's clock, which is also the server's."""
    try:
        until = parsedate_to_datetime(written)
    except ValueError:
        return 0
    aware: datetime = until if until.tzinfo else until.replace(tzinfo=UTC)
    return int((aware - clock.machine_now()).total_seconds())
