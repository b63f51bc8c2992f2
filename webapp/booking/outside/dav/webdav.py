"""WebDAV's and CalDAV's XML: questions (RFC 4918, RFC 4791) and answers, read with no trust."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from webapp.booking.outside.provider import OutsideUnreachable

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CALENDAR_SERVER = "{http://calendarserver.org/ns/}"

PRINCIPAL = f"{DAV}current-user-principal"
ADDRESSES = f"{CALDAV}calendar-user-address-set"
HOME = f"{CALDAV}calendar-home-set"
KIND = f"{DAV}resourcetype"
NAME = f"{DAV}displayname"
RIGHTS = f"{DAV}current-user-privilege-set"
HOLDS = f"{CALDAV}supported-calendar-component-set"
ETAG = f"{DAV}getetag"
DATA = f"{CALDAV}calendar-data"
CHANGES = (f"{DAV}sync-token", f"{CALENDAR_SERVER}getctag")

_NAMESPACES = (
    'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'
)
_PREFIXES = {DAV: "D:", CALDAV: "C:", CALENDAR_SERVER: "S:"}


@dataclass(frozen=True)
class Resource:
    """One answer of a multistatus: its full address, and the properties that it has, by name."""

    address: str
    properties: dict[str, Element]

    def text(self, name: str) -> str:
        """The property's text, '' where it has none."""
        return ((self.properties[name].text if name in self.properties else "") or "").strip()

    def linked(self, name: str) -> str | None:
        """The full address that a property points at."""
        href = self.properties[name].find(f"{DAV}href") if name in self.properties else None
        return urljoin(self.address, href.text.strip()) if href is not None and href.text else None

    def hrefs(self, name: str) -> list[str]:
        """What a property points at, as written: not all of it is a web address."""
        found = self.properties[name].findall(f"{DAV}href") if name in self.properties else []
        return [href.text.strip() for href in found if href.text]

    def has(self, name: str, *inner: str) -> bool:
        """Whether one of these elements lies anywhere within the property."""
        found = self.properties.get(name)
        return found is not None and any(found.find(f".//{one}") is not None for one in inner)


def propfind(*names: str) -> bytes:
    """The question for these properties."""
    return _xml(f"<D:propfind {_NAMESPACES}><D:prop>{_wanted(names)}</D:prop></D:propfind>")


def events_between(first: datetime, last: datetime) -> bytes:
    """The question for the events that touch [first, last), in UTC, recurring ones as a whole."""
    span = f'<C:time-range start="{first:%Y%m%dT%H%M%SZ}" end="{last:%Y%m%dT%H%M%SZ}"/>'
    return _query((ETAG, DATA), span)


def event_with(uid: str) -> bytes:
    """The question for the event of that UID."""
    same = f'<C:text-match collation="i;octet">{escape(uid)}</C:text-match>'
    return _query((ETAG,), f'<C:prop-filter name="UID">{same}</C:prop-filter>')


def _query(names: tuple[str, ...], event: str) -> bytes:
    return _xml(
        f"<C:calendar-query {_NAMESPACES}><D:prop>{_wanted(names)}</D:prop>"
        f'<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{event}'
        "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    )


def _wanted(names: tuple[str, ...]) -> str:
    return "".join(f"<{_short(name)}/>" for name in names)


def _short(name: str) -> str:
    namespace, _, local = name.partition("}")
    return _PREFIXES[namespace + "}"] + local


def _xml(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()


def resources(answer: bytes, asked: str) -> list[Resource]:
    """What a multistatus tells; asked: the address that it answers for, to complete its own."""
    return [
        Resource(urljoin(asked, href.strip()), _found(response))
        for response in parsed(answer).iter(f"{DAV}response")
        if (href := response.findtext(f"{DAV}href")) and not _failed(response)
    ]


def parsed(answer: bytes) -> Element:
    """OutsideUnreachable for what is not XML, or XML with entities, which nobody needs here."""
    try:
        root: Element = fromstring(answer)
    except (ParseError, DefusedXmlException, ValueError) as fault:
        raise OutsideUnreachable("That server's answer makes no sense.") from fault
    return root


def _failed(response: Element) -> bool:
    status = response.findtext(f"{DAV}status")
    return bool(status) and " 2" not in status  # type: ignore[operator]


def _found(response: Element) -> dict[str, Element]:
    """Servers list what they lack as well, under a status of its own."""
    return {
        prop.tag: prop
        for part in response.iter(f"{DAV}propstat")
        if " 2" in (part.findtext(f"{DAV}status") or " 2")
        for prop in part.findall(f"{DAV}prop/*")
    }
