"""From what a person knows of their CalDAV account to its calendars (RFC 6764, RFC 4791)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urljoin, urlsplit

from webapp.booking.outside.dav import webdav
from webapp.booking.outside.dav.dav_server import DavServer, WrongPassword
from webapp.booking.outside.provider import FoundCalendar, OutsideRefused

WELL_KNOWN = "/.well-known/caldav"
CALENDAR = f"{webdav.CALDAV}calendar"
WRITING = tuple(f"{webdav.DAV}{right}" for right in ("all", "write", "write-content", "bind"))
MOST = 100


def full_address(typed: str) -> str:
    """'dana@example.com' and 'example.com' as addresses of the host; full ones as they are."""
    typed = typed.strip()
    if "://" in typed:
        return typed
    return "https://" + typed.rpartition("@")[2]


def calendars(server: DavServer, given: str) -> list[FoundCalendar]:
    """The calendars that hold events. Raises WrongPassword, OutsideRefused, OutsideUnreachable."""
    fault = OutsideRefused("There is no calendar server at that address.")
    for start in _starts(given):
        try:
            found = _from(server, start)
        except WrongPassword:
            raise
        except OutsideRefused as refused:
            fault = refused
            continue
        if found:
            return found[:MOST]
    raise fault


def _starts(given: str) -> Iterator[str]:
    """A path that was typed comes first; a host alone is asked where its calendars are."""
    known = urljoin(given, WELL_KNOWN)
    yield from (given, known) if urlsplit(given).path.strip("/") else (known, urljoin(given, "/"))


def _from(server: DavServer, start: str) -> list[FoundCalendar]:
    wanted = (webdav.KIND, webdav.NAME, webdav.RIGHTS, webdav.HOLDS)
    here = server.properties(start, webdav.PRINCIPAL, webdav.HOME, *wanted)
    if _calendars(here):
        return _calendars(here)
    home = _linked(here, webdav.HOME)
    principal = _linked(here, webdav.PRINCIPAL)
    if not home and principal:
        home = _linked(server.properties(principal, webdav.HOME), webdav.HOME)
    return _calendars(server.properties(home, *wanted, depth=1)) if home else []


def _linked(resources: list[webdav.Resource], name: str) -> str | None:
    return next((link for one in resources if (link := one.linked(name))), None)


def _calendars(resources: list[webdav.Resource]) -> list[FoundCalendar]:
    return [
        FoundCalendar(one.address, _name(one), _writable(one))
        for one in resources
        if one.has(webdav.KIND, CALENDAR) and _holds_events(one)
    ]


def _name(calendar: webdav.Resource) -> str:
    last = unquote(urlsplit(calendar.address).path.rstrip("/").rpartition("/")[2])
    return (" ".join(calendar.text(webdav.NAME).split()) or last)[:100]


def _writable(calendar: webdav.Resource) -> bool:
    """A server that says nothing of rights is taken at its word when it refuses."""
    return webdav.RIGHTS not in calendar.properties or calendar.has(webdav.RIGHTS, *WRITING)


def _holds_events(calendar: webdav.Resource) -> bool:
    kinds = [kind.get("name") for kind in calendar.properties.get(webdav.HOLDS, ())]
    return not kinds or "VEVENT" in kinds
