"""Google Calendar (API v3): busy time from events, our meetings as events of their own UID.

https://developers.google.com/workspace/calendar/api/v3/reference
Not exercised against the live service: see docs/calendar.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from webapp.booking.outside.clouds.api import MOST_PAGES, Api, Json, OurEvent, read_json
from webapp.booking.outside.clouds.oauth import GOOGLE, Access
from webapp.booking.outside.fetch.fetching import Answer, Errand
from webapp.booking.outside.provider import (
    BusyTime,
    Connection,
    FoundCalendar,
    OutsideRefused,
    OutsideUnreachable,
    Reading,
)
from webapp.booking.outside.standing import Standing

BASE = "https://www.googleapis.com/calendar/v3"
TOKEN = "syncToken"  # noqa: S105
MOST = "2500"
# Where somebody works, and birthdays, take no time.
NO_TIME = frozenset({"workingLocation", "birthday"})
FIELDS = (
    "items(iCalUID,status,transparency,eventType,start,end,attendees(self,responseStatus)),"
    "nextPageToken,nextSyncToken"
)
QUIET = {"sendUpdates": "none"}


def api(errand: Errand, secret: str) -> Api:
    return Api(Access(GOOGLE, errand, secret), errand, BASE, {})


def account(asked: Api) -> tuple[str, list[FoundCalendar]]:
    """The account's address, and the calendars whose events it may read.

    The permission we ask for lets us write only where the account is the owner.
    """
    name, found = "", []
    for page in _pages(asked, "/users/me/calendarList", {"minAccessRole": "reader"}):
        for item in page.get("items", []):
            title = item.get("summaryOverride") or item.get("summary") or item["id"]
            found.append(FoundCalendar(item["id"], title[:100], item["accessRole"] == "owner"))
            name = item["id"] if item.get("primary") else name
    return name or "Google account", found


def _pages(asked: Api, path: str, query: dict[str, str]) -> Iterator[Json]:
    page = asked.read(path, query)
    for _ in range(MOST_PAGES):
        yield page
        if "nextPageToken" not in page:
            return
        page = asked.read(path, {**query, "pageToken": page["nextPageToken"]})
    raise OutsideRefused("That calendar is too large to be read.")


class Google:
    def __init__(self, connection: Connection, errand: Errand) -> None:
        self._api = api(errand, connection.secret)
        self._zone = ZoneInfo(connection.time_zone)
        self._events = f"/calendars/{quote(connection.address, safe='')}/events"

    @property
    def secret(self) -> str:
        return self._api.access.secret

    # -- reading -----------------------------------------------------------------------------------

    def read(self, first: datetime, last: datetime, validators: dict[str, str]) -> Reading:
        """Nothing new since the sync token: unchanged. Else, or when it has run out (410), all."""
        if validators.get(TOKEN) and validators.get("zone") == self._zone.key:
            answer = self._api.ask("GET", self._events, self._query({TOKEN: validators[TOKEN]}))
            page = read_json(answer) if answer.status < 400 else {}
            if "nextSyncToken" in page and not page.get("items"):
                return Reading([], self._validators(page), unchanged=True)
        return self._whole(first, last)

    def _whole(self, first: datetime, last: datetime) -> Reading:
        window = {"timeMin": _instant(first), "timeMax": _instant(last)}
        busy, validators = [], {}
        for page in _pages(self._api, self._events, self._query(window)):
            busy += [self._busy(item) for item in page.get("items", []) if takes_time(item)]
            validators = self._validators(page)
        within = [one for one in busy if one.starts_at < last and one.ends_at > first]
        return Reading(sorted(within, key=lambda one: one[1:]), validators)

    def _validators(self, page: Json) -> dict[str, str]:
        """The last page of a list names the token; whole days depend on the zone."""
        token = page.get("nextSyncToken")
        return {TOKEN: token, "zone": self._zone.key} if token else {}

    def _query(self, more: dict[str, str]) -> dict[str, str]:
        return {"singleEvents": "true", "maxResults": MOST, "fields": FIELDS, **more}

    def _busy(self, item: Json) -> BusyTime:
        try:
            ends = self._at(item["start"]), self._at(item["end"])
        except (KeyError, ValueError, TypeError) as error:
            raise OutsideUnreachable("An event has a time that cannot be read.") from error
        return BusyTime(item.get("iCalUID", ""), *ends)

    def _at(self, written: dict[str, str]) -> datetime:
        if "dateTime" in written:
            return datetime.fromisoformat(written["dateTime"]).astimezone(UTC)
        midnight = datetime.combine(date.fromisoformat(written["date"]), time(), self._zone)
        return midnight.astimezone(UTC)

    # -- writing -----------------------------------------------------------------------------------

    def write(self, uid: str, file: bytes, known: str | None) -> str:
        """An event of that UID which is not ours came by our own invitation: mails keep it right,
        and a second one would only be in the way."""
        event = described(file)
        if known:
            answer = self._update(Standing.known(known), event)
            if answer.status < 400:
                return str(_standing(read_json(answer)))
        return self._write_found(uid, event)

    def _write_found(self, uid: str, event: Json) -> str:
        found = self._find(uid)
        if found is None:
            answer = self._api.ask("POST", self._events, QUIET, {**event, "iCalUID": uid})
        elif _ours(found):
            answer = self._update(_standing(found), event)
        else:
            return str(_standing(found))
        if answer.status >= 400:
            raise OutsideUnreachable("The event was changed by somebody else at the same moment.")
        return str(_standing(read_json(answer)))

    def remove(self, uid: str, known: str | None) -> None:
        if known and self._delete(Standing.known(known)).status < 400:
            return
        found = self._find(uid)
        if found and _ours(found) and found.get("status") != "cancelled":
            self._delete(_standing(found))

    def _update(self, standing: Standing, event: Json) -> Answer:
        path = f"{self._events}/{quote(standing.place, safe='')}"
        return self._api.ask("PUT", path, QUIET, event, standing.condition)

    def _delete(self, standing: Standing) -> Answer:
        path = f"{self._events}/{quote(standing.place, safe='')}"
        return self._api.ask("DELETE", path, QUIET, None, standing.condition)

    def _find(self, uid: str) -> Json | None:
        """Deleted ones too: Google keeps them, and their UID, for weeks."""
        found = self._api.read(self._events, {"iCalUID": uid, "showDeleted": "true"})
        items: list[Json] = found.get("items", [])
        return next(iter(items), None)


def takes_time(item: dict[str, Any]) -> bool:
    declined = any(
        who.get("self") and who.get("responseStatus") == "declined"
        for who in item.get("attendees", [])
    )
    return not (
        declined
        or item.get("status") == "cancelled"
        or item.get("transparency") == "transparent"
        or item.get("eventType") in NO_TIME
    )


def described(file: bytes) -> Json:
    """Our calendar file's event as Google writes events; with no guests, nobody is mailed."""
    event = OurEvent.of(file)
    return {
        "summary": event.title,
        "location": event.place,
        "description": event.text,
        "start": _time(event.starts_at),
        "end": _time(event.ends_at),
        "status": "confirmed",
        "transparency": "opaque",
    }


def _time(at: datetime) -> dict[str, str]:
    return {"dateTime": _instant(at), "timeZone": "UTC"}


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _ours(event: Json) -> bool:
    """Made through this account, not come by invitation."""
    return bool(event.get("organizer", {}).get("self", True))


def _standing(event: Json) -> Standing:
    return Standing(event["id"], event["etag"])
