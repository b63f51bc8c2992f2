"""Connecting a calendar that is published at an address, and letting go of it."""

from __future__ import annotations

import uuid
from contextlib import suppress

from sqlalchemy import select

from webapp import audit, clock, outbox
from webapp.booking.outside.fetch.fetching import parsed
from webapp.booking.outside.ics.ics_address import IcsAddress
from webapp.booking.outside.models import OutsideCalendar
from webapp.booking.outside.provider import Connection, OutsideRefused, OutsideSlow, Reading
from webapp.booking.outside.reading import believe
from webapp.booking.outside.sealing import Unreadable, seal, unseal
from webapp.booking.outside.window import Window
from webapp.catalog.models import Consultant
from webapp.db import attempt, session

MOST_CALENDARS = 10
# Somebody waits, and so does a process that serves pages: what takes longer is left to a job.
HASTE_SECONDS = 6.0


def subscribe(consultant: Consultant, name: str, address: str) -> OutsideCalendar:
    """Connect the calendar at an address, once it has been read.

    One that is only slow is connected unread, and read by a job: until then its owner offers
    nothing. Raises OutsideRefused and OutsideUnreachable in words; nothing is stored then.
    """
    url = str(parsed(address))
    _check_room(consultant, url)
    consultant_id, window = consultant.id, Window(clock.now())
    to = Connection(uuid.uuid4(), "ics", "", "", consultant.time_zone, secret=url)
    provider = IcsAddress(to, HASTE_SECONDS)

    def look() -> Reading | None:
        with suppress(OutsideSlow):
            return provider.read(window.first, window.last, {})
        return None

    def keep(reading: Reading | None) -> OutsideCalendar:
        made = _stored(consultant_id, name, url, window)
        if reading:
            believe(made, reading, window)
        else:
            outbox.enqueue_again("calendars.read", made.id)
        return made

    return attempt(look, keep)


def unsubscribe(calendar: OutsideCalendar) -> None:
    """Forget it, and what it took."""
    audit.record("calendar.disconnected", calendar, host=calendar.address)
    session.delete(calendar)


def _check_room(consultant: Consultant, url: str) -> None:
    own = select(OutsideCalendar).where(OutsideCalendar.consultant_id == consultant.id)
    known = session.scalars(own).all()
    if len(known) >= MOST_CALENDARS:
        raise OutsideRefused(
            f"You have {MOST_CALENDARS} calendars connected, the most there can be."
        )
    if any(row.kind == "ics" and _address(row) == url for row in known):
        raise OutsideRefused("That calendar is connected already.")


def _address(calendar: OutsideCalendar) -> str:
    try:
        return unseal(calendar.secret)
    except Unreadable:
        return ""


def _stored(consultant_id: uuid.UUID, name: str, url: str, window: Window) -> OutsideCalendar:
    made = OutsideCalendar(
        consultant_id=consultant_id, kind="ics", name=name, address=parsed(url).host,
        secret=seal(url), tried_at=window.began,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record("calendar.connected", made, host=made.address)
    return made
