"""Microsoft 365 and Outlook.com (Graph v1.0): busy time from a window, our meetings as events.

https://learn.microsoft.com/graph/api/resources/event
Not exercised against the live service: see docs/calendar.md.
"""

from __future__ import annotations

import binascii
import uuid
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from webapp.booking.outside.clouds.api import Api, Json, OurEvent, read_json
from webapp.booking.outside.clouds.oauth import MICROSOFT, Access
from webapp.booking.outside.fetch.fetching import Answer, Errand
from webapp.booking.outside.provider import (
    BusyTime,
    Connection,
    FoundCalendar,
    OutsideUnreachable,
    Reading,
)
from webapp.booking.outside.standing import Standing

BASE = "https://graph.microsoft.com/v1.0"
NEXT = "@odata.nextLink"
# Graph gives events a UID of its own; ours is kept beside it, where it can be searched for.
# https://learn.microsoft.com/graph/api/resources/extended-properties-overview
OUR_UID = "String {8f0e1f3e-6a1d-4a6e-9d0b-6f8b7c1c2a55} Name RighthandUid"
KEPT = "singleValueExtendedProperties"
EXPANDED = f"{KEPT}($filter=id eq '{OUR_UID}')"
FIELDS = "iCalUId,showAs,isCancelled,isAllDay,start,end,responseStatus"
TAKES_TIME = frozenset({"busy", "tentative", "oof", "unknown"})
# An invitation from elsewhere has its UID packed into Exchange's own (MS-OXOCAL 2.2.1.27).
FOREIGN = b"vCal-Uid\x01\x00\x00\x00"


def api(errand: Errand, secret: str) -> Api:
    # Times in UTC, and ids that stay when an event is put into another folder.
    prefer = {"Prefer": 'outlook.timezone="UTC", IdType="ImmutableId"'}
    return Api(Access(MICROSOFT, errand, secret), errand, BASE, prefer)


def account(asked: Api) -> tuple[str, list[FoundCalendar]]:
    """The account's address, and its calendars."""
    name, found = "", []
    query = {"$select": "id,name,canEdit,isDefaultCalendar,owner", "$top": "100"}
    for page in asked.pages("/me/calendars", query, NEXT):
        for item in page.get("value", []):
            found.append(FoundCalendar(item["id"], item["name"][:100], item.get("canEdit", False)))
            if item.get("isDefaultCalendar"):
                name = item.get("owner", {}).get("address", "")
    return name or "Microsoft account", found


class Microsoft:
    def __init__(self, connection: Connection, errand: Errand) -> None:
        self._api = api(errand, connection.secret)
        self._zone = ZoneInfo(connection.time_zone)
        self._calendar = f"/me/calendars/{quote(connection.address, safe='')}"

    @property
    def secret(self) -> str:
        return self._api.access.secret

    # -- reading -----------------------------------------------------------------------------------

    def read(self, first: datetime, last: datetime, validators: dict[str, str]) -> Reading:
        """The whole window each time: what Graph calls a delta cannot follow a moving window."""
        query = {
            "startDateTime": f"{first.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "endDateTime": f"{last.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "$select": FIELDS, "$expand": EXPANDED, "$top": "500",
        }  # fmt: skip
        pages = self._api.pages(f"{self._calendar}/calendarView", query, NEXT)
        items = [item for page in pages for item in page.get("value", []) if takes_time(item)]
        busy = [self._busy(item) for item in items]
        within = [one for one in busy if one.starts_at < last and one.ends_at > first]
        return Reading(sorted(within, key=lambda one: one[1:]), {})

    def _busy(self, item: Json) -> BusyTime:
        try:
            ends = self._at(item, "start"), self._at(item, "end")
        except (KeyError, ValueError, TypeError) as error:
            raise OutsideUnreachable("An event has a time that cannot be read.") from error
        return BusyTime(_our_uid(item) or plain_uid(item.get("iCalUId", "")), *ends)

    def _at(self, item: Json, end: str) -> datetime:
        """Whole days are days wherever the reader is: here, the consultant."""
        written = item[end]["dateTime"][:19]
        if item.get("isAllDay"):
            midnight = datetime.combine(date.fromisoformat(written[:10]), time(), self._zone)
            return midnight.astimezone(UTC)
        return datetime.fromisoformat(written).replace(tzinfo=UTC)

    # -- writing -----------------------------------------------------------------------------------

    def write(self, uid: str, file: bytes, known: str | None) -> str:
        event = described(file)
        if known:
            answer = self._update(Standing.known(known), event)
            if answer.status < 400:
                return str(_standing(read_json(answer)))
        found = self._find(uid)
        answer = self._update(_standing(found), event) if found else self._create(uid, event, known)
        if answer.status >= 400:
            raise OutsideUnreachable("The event was changed by somebody else at the same moment.")
        return str(_standing(read_json(answer)))

    def remove(self, uid: str, known: str | None) -> None:
        if known and self._delete(Standing.known(known)).status < 400:
            return
        found = self._find(uid)
        if found:
            self._delete(_standing(found))

    def _create(self, uid: str, event: Json, before: str | None) -> Answer:
        """The same transactionId twice makes one event, should our look for it come too early.

        One that was deleted is made anew under another, or it would be taken for the old one.
        """
        again = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{uid} {before or ''}"))
        ours = {"transactionId": again, KEPT: [{"id": OUR_UID, "value": uid}]}
        return self._api.ask("POST", f"{self._calendar}/events", None, {**event, **ours})

    def _update(self, standing: Standing, event: Json) -> Answer:
        path = f"{self._calendar}/events/{quote(standing.place, safe='')}"
        return self._api.ask("PATCH", path, None, event, standing.condition)

    def _delete(self, standing: Standing) -> Answer:
        path = f"{self._calendar}/events/{quote(standing.place, safe='')}"
        return self._api.ask("DELETE", path, None, None, standing.condition)

    def _find(self, uid: str) -> Json | None:
        same = f"ep/id eq '{OUR_UID}' and ep/value eq '{uid.replace(chr(39), chr(39) * 2)}'"
        query = {"$filter": f"{KEPT}/Any(ep: {same})", "$select": "id"}
        items: list[Json] = self._api.read(f"{self._calendar}/events", query).get("value", [])
        return next(iter(items), None)


def takes_time(item: dict[str, Any]) -> bool:
    declined = item.get("responseStatus", {}).get("response") == "declined"
    return item.get("showAs") in TAKES_TIME and not item.get("isCancelled") and not declined


def described(file: bytes) -> Json:
    """Our calendar file's event as Graph writes events; with no guests, nobody is mailed."""
    event = OurEvent.of(file)
    return {
        "subject": event.title,
        "location": {"displayName": event.place},
        "body": {"contentType": "text", "content": event.text},
        "start": _time(event.starts_at),
        "end": _time(event.ends_at),
        "showAs": "busy",
    }


def plain_uid(written: str) -> str:
    """The UID that an invitation from elsewhere came with; any other as it is."""
    try:
        _, found, rest = binascii.unhexlify(written).partition(FOREIGN)
        return rest.rstrip(b"\0").decode() if found else written
    except (ValueError, UnicodeDecodeError):
        return written


def _time(at: datetime) -> dict[str, str]:
    return {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}


def _our_uid(item: Json) -> str:
    kept = item.get(KEPT, [])
    return next((one["value"] for one in kept if one["id"].lower() == OUR_UID.lower()), "")


def _standing(event: Json) -> Standing:
    return Standing(event["id"], event["@odata.etag"])
