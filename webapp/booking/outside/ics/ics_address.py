"""A calendar published at an address (.ics): read only, and fetched only when it has changed."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from webapp.booking.outside.fetch.fetching import SECONDS, Answer, errand
from webapp.booking.outside.fetch.waiting import asked_to_wait
from webapp.booking.outside.ics.expanding import expanded
from webapp.booking.outside.provider import (
    BusyTime,
    Connection,
    OutsideRefused,
    OutsideUnreachable,
    Reading,
)

# Some servers stamp each event with the time of the request: that alone is no change.
STAMPS = re.compile(rb"^DTSTAMP[:;].*$", re.MULTILINE)
ONLY_READ = "A calendar published at an address can only be read."


class IcsAddress:
    """connection.secret is the address. validators: etag, modified, digest of the file."""

    def __init__(self, connection: Connection, haste: float | None = None) -> None:
        """haste: seconds that the server, and then the working out, may take at most."""
        self._haste = haste
        self.secret = connection.secret
        self._zone = connection.time_zone

    def read(self, first: datetime, last: datetime, validators: dict[str, str]) -> Reading:
        with errand(self._haste or SECONDS) as asking:
            answer = asking.ask("GET", self.secret, _conditions(validators))
        if answer.status == 304 and validators:
            return Reading([], validators, unchanged=True)
        check(answer)
        found = _validators(answer)
        if found["digest"] == validators.get("digest"):
            return Reading([], found, unchanged=True)
        return Reading(self._expanded(answer.body, first, last), found)

    def _expanded(self, file: bytes, first: datetime, last: datetime) -> list[BusyTime]:
        return expanded(file, self._zone, first, last, seconds=self._haste)

    def write(self, uid: str, file: bytes, known: str | None) -> str:
        raise OutsideRefused(ONLY_READ)

    def remove(self, uid: str, known: str | None) -> None:
        raise OutsideRefused(ONLY_READ)


def check(answer: Answer) -> None:
    """What an answer that is not 200 means for whoever connected the calendar."""
    status = answer.status
    if status == 200:
        return
    if status == 429 or status >= 500:
        raise OutsideUnreachable(
            f"That server is out of order just now (it answered {status}).", asked_to_wait(answer)
        )
    if status in (401, 403):
        raise OutsideRefused("That server does not let us read the calendar: is it shared?")
    if status in (404, 410):
        raise OutsideRefused("There is no calendar at that address.")
    raise OutsideRefused(f"That server gave no calendar (it answered {status}).")


def _conditions(known: dict[str, str]) -> dict[str, str]:
    wanted = {"If-None-Match": known.get("etag"), "If-Modified-Since": known.get("modified")}
    return {"Accept": "text/calendar"} | {name: held for name, held in wanted.items() if held}


def _validators(answer: Answer) -> dict[str, str]:
    return {
        "etag": answer.headers.get("ETag", ""),
        "modified": answer.headers.get("Last-Modified", ""),
        "digest": hashlib.sha256(STAMPS.sub(b"", answer.body)).hexdigest(),
    }
