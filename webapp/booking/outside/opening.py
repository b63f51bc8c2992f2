"""Which class speaks to which kind of calendar."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from webapp.booking.outside.clouds.google import Google
from webapp.booking.outside.clouds.microsoft import Microsoft
from webapp.booking.outside.dav.caldav import CalDav
from webapp.booking.outside.fetch.errands import OnErrands
from webapp.booking.outside.ics.ics_address import IcsAddress
from webapp.booking.outside.provider import Connection, Provider

PROVIDERS: dict[str, Callable[[Connection], Provider]] = {
    "ics": IcsAddress,
    "caldav": partial(OnErrands, CalDav),
    "google": partial(OnErrands, Google),
    "microsoft": partial(OnErrands, Microsoft),
}


def opened(connection: Connection) -> Provider:
    """What reads (and, if it can, writes) that calendar; it has asked nothing yet."""
    return PROVIDERS[connection.kind](connection)
