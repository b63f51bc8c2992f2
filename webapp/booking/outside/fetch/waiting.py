"""How long a server asks to be left alone."""

from __future__ import annotations

from webapp.booking.outside.fetch.fetching import Answer

LONGEST_SECONDS = 3600


def asked_to_wait(answer: Answer) -> int:
    """Seconds, from Retry-After (RFC 9110), an hour at most; one given as a date counts as none."""
    written = answer.headers.get("Retry-After", "")
    return min(int(written), LONGEST_SECONDS) if written.isdigit() else 0
