"""What every outside calendar can do for us, whichever protocol it speaks.

Providers talk to the network and know no database: they run inside db.attempt, with no
transaction open, and are handed a Connection, never a mapped object.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol


class BusyTime(NamedTuple):
    """[starts_at, ends_at) in UTC; uid: the event's own (RFC 5545), or what stands for it."""

    uid: str
    starts_at: datetime
    ends_at: datetime


class FoundCalendar(NamedTuple):
    """A calendar of an account. address: what its provider calls it; writable: may be changed."""

    address: str
    name: str
    writable: bool


@dataclass(frozen=True)
class Reading:
    """All busy time of a window. validators: what the next read is conditional on, by name.

    unchanged: nothing is different from what these validators stood for; busy is empty then.
    """

    busy: list[BusyTime]
    validators: dict[str, str]
    unchanged: bool = False


@dataclass(frozen=True)
class Connection:
    """How to reach one calendar. secret: the plain credentials of its kind, never to be logged.

    time_zone: the consultant's IANA zone, for all-day events and times that name no zone.
    """

    calendar_id: uuid.UUID
    kind: str
    address: str
    username: str
    time_zone: str
    secret: str = field(repr=False)


class Provider(Protocol):
    """Raises OutsideRefused or OutsideUnreachable, and nothing else, for what lies outside."""

    @property
    def secret(self) -> str:
        """The credentials as they are by now: a provider may have renewed them on its way."""

    def read(self, first: datetime, last: datetime, validators: dict[str, str]) -> Reading:
        """Busy time that touches [first, last), in UTC. Free and cancelled events are left out."""

    def write(self, uid: str, file: bytes, known: str | None) -> str:
        """Create (known None) or change an event, given as a calendar file; its new tag or id."""

    def remove(self, uid: str, known: str | None) -> None:
        """Take an event away; one that is gone already is no fault."""


class OutsideRefused(Exception):
    """The calendar cannot be read or written until a person does something; says what, in words."""


class OutsideUnreachable(Exception):
    """It did not answer, or not so that we could make sense of it: a later try may do.

    seconds: how long it asked us to leave it alone, where it did.
    """

    def __init__(self, reason: str, seconds: int = 0) -> None:
        super().__init__(reason)
        self.seconds = seconds


class OutsideSlow(OutsideUnreachable):
    """It was given up because of the time it took: with more patience it may be read."""
