"""Between a calendar's row and whoever speaks to its provider: credentials opened and kept."""

from __future__ import annotations

from webapp.booking.outside.models import OutsideCalendar
from webapp.booking.outside.provider import Connection, OutsideRefused
from webapp.booking.outside.sealing import Unreadable, seal, unseal

LOST = "The stored access to that calendar can no longer be opened. Connect it again."


def connection_to(calendar: OutsideCalendar) -> Connection:
    """How to reach it. OutsideRefused where its credentials lie under a key that is gone."""
    try:
        secret = unseal(calendar.sealed_secret)
    except Unreadable:
        raise OutsideRefused(LOST) from None
    return Connection(
        calendar_id=calendar.id,
        kind=calendar.kind,
        address=calendar.address,
        username=calendar.username,
        time_zone=calendar.consultant.time_zone,
        secret=secret,
    )


def keep_secret(calendar: OutsideCalendar, before: str, now: str) -> None:
    """Store credentials that were renewed on the way, for all calendars of the account."""
    if now != before and calendar.account:
        calendar.account.secret = seal(now)
