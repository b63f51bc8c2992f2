"""One calendar on a CalDAV server (RFC 4791): its busy time read, our meetings kept in it."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from urllib.parse import quote, urljoin

from webapp.booking.outside.dav import webdav
from webapp.booking.outside.dav.dav_server import DavServer, check
from webapp.booking.outside.fetch.fetching import Answer, Errand
from webapp.booking.outside.ics.expanding import expanded
from webapp.booking.outside.provider import (
    Connection,
    OutsideRefused,
    OutsideUnreachable,
    Reading,
)
from webapp.booking.outside.standing import Standing

FILE_TYPE = "text/calendar; charset=utf-8"
# Only then does it matter who the account is.
DECLINED = re.compile('PARTSTAT="?DECLINED', re.IGNORECASE)
FOLD = re.compile(r"\r?\n[ \t]")
MOST_ADDRESSES, LONGEST_ADDRESS = 20, 320
NOT_THERE = frozenset({404, 410, 412})
# The event is not as we believed: edited, deleted, there already, or there under another address
# (403 and 409 carry CALDAV:no-uid-conflict, RFC 4791 5.3.2.1).
OTHERWISE = frozenset({403, 404, 409, 410, 412})


class CalDav:
    """Recurring events come whole and are expanded here: one code decides what they mean."""

    def __init__(self, connection: Connection, errand: Errand) -> None:
        self._connection = connection
        self._address = connection.address.rstrip("/") + "/"
        self._server = DavServer(errand, connection.address, connection.username, connection.secret)

    @property
    def secret(self) -> str:
        return self._connection.secret

    def read(self, first: datetime, last: datetime, validators: dict[str, str]) -> Reading:
        """Unchanged while the server's sync-token or ctag is; both are asked for before the events,
        so that what changes in between is seen the next time."""
        zone = self._connection.time_zone
        changes = self._changes()
        fresh = {**changes, "zone": zone}
        if changes and fresh == validators:
            return Reading([], fresh, unchanged=True)
        found = self._server.report(self._address, webdav.events_between(first, last))
        files = "\n".join(text for one in found if (text := one.text(webdav.DATA)))
        if not files:
            return Reading([], fresh)
        own = self._own_addresses() if DECLINED.search(FOLD.sub("", files)) else []
        return Reading(expanded(files.encode(), zone, first, last, own), fresh)

    def _own_addresses(self) -> list[str]:
        """Of the account, as ATTENDEE gives them: by its name, and by what the server knows (RFC
        6638, 2.4.1). One that does not say is not asked twice: then what was declined counts."""
        name = self._connection.username.strip()
        given = [f"mailto:{name}"] if "@" in name else []
        with suppress(OutsideRefused):
            given += self._known_addresses()
        fit = [one for one in given if one.isprintable() and len(one) <= LONGEST_ADDRESS]
        return fit[:MOST_ADDRESSES]

    def _known_addresses(self) -> list[str]:
        here = self._server.properties(self._address, webdav.PRINCIPAL)
        principals = [link for one in here if (link := one.linked(webdav.PRINCIPAL))]
        told = self._server.properties(principals[0], webdav.ADDRESSES) if principals else []
        return [text for one in told for text in one.hrefs(webdav.ADDRESSES)]

    def _changes(self) -> dict[str, str]:
        here = self._server.properties(self._address, *webdav.CHANGES)
        return {name: text for one in here for name in webdav.CHANGES if (text := one.text(name))}

    def write(self, uid: str, file: bytes, known: str | None) -> str:
        """Whatever became of the event meanwhile, it is ours and there once afterwards."""
        standing = Standing.known(known) if known else None
        answer = self._put(self._address_of(uid), standing, file)
        if answer.status in OTHERWISE:
            standing = self._found(uid)
            answer = self._put(self._address_of(uid), standing, file)
        if answer.status == 412:
            raise OutsideUnreachable("The event was changed by somebody else at the same moment.")
        check(answer)
        return str(Standing(answer.url, answer.headers.get("ETag") or self._etag(answer.url)))

    def remove(self, uid: str, known: str | None) -> None:
        if known and self._delete(Standing.known(known)).status < 400:
            return
        standing = self._found(uid)
        if standing:
            self._delete(standing)

    def _put(self, new: str, standing: Standing | None, file: bytes) -> Answer:
        condition = standing.condition if standing else {"If-None-Match": "*"}
        headers = {"Content-Type": FILE_TYPE, **condition}
        return self._server.ask("PUT", standing.place if standing else new, file, headers)

    def _delete(self, standing: Standing) -> Answer:
        """Gone, or in another state than we left it, is the caller's to judge."""
        answer = self._server.ask("DELETE", standing.place, None, standing.condition)
        if answer.status not in NOT_THERE:
            check(answer)
        return answer

    def _address_of(self, uid: str) -> str:
        return urljoin(self._address, quote(uid, safe="@") + ".ics")

    def _found(self, uid: str) -> Standing | None:
        """The event of that UID wherever in the calendar it lies: a person's program may have
        taken it from our invitation and chosen the address itself."""
        for one in self._server.report(self._address, webdav.event_with(uid)):
            return Standing(one.address, one.text(webdav.ETAG))
        return None

    def _etag(self, address: str) -> str:
        """Not every server tells it with its answer to PUT."""
        return next(
            (one.text(webdav.ETAG) for one in self._server.properties(address, webdav.ETAG)), ""
        )
