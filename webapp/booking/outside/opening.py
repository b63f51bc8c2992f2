"""Which class speaks to which kind of calendar."""

from __future__ import annotations

from collections.abc import Callable

from webapp.booking.outside.ics_address import IcsAddress
from webapp.booking.outside.provider import Connection, Provider

PROVIDERS: dict[str, Callable[[Connection], Provider]] = {
    "ics": IcsAddress,
}


def opened(connection: Connection) -> Provider:
    """What reads (and, if it can, writes) that calendar; it has asked nothing yet."""
    return PROVIDERS[connection.kind](connection)
