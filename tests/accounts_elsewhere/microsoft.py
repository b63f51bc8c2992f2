"""Microsoft Graph's side of the conversation: calendars and events, as v1.0 documents them."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import abort, jsonify, request

from tests.accounts_elsewhere.issuer import Issuer, Served

BASE_PATH = "/v1.0"
SCOPE = "Calendars.ReadWrite"
OWN, HOLIDAYS = "calendar-own", "calendar-holidays"
KEPT = "singleValueExtendedProperties"
Event = dict[str, Any]


class MicrosoftStandIn:
    """Two calendars: the account's own, and one of holidays that nobody may change."""

    def __init__(self, redirect: str) -> None:
        scopes = frozenset({SCOPE, "offline_access"})
        self.issuer = Issuer(scopes, {"response_mode": "query"}, redirect, rotates=True)
        self.events: dict[str, dict[str, Event]] = {OWN: {}, HOLIDAYS: {}}
        self.transactions: dict[str, str] = {}
        self.serial = itertools.count(1)
        self.page_size = 2
        self.searchable = True
        app, needs = self.issuer.app(), self.issuer.needs(SCOPE)
        one = f"{BASE_PATH}/me/calendars/<calendar>"
        app.get(f"{BASE_PATH}/me/calendars")(needs(self.list_calendars))
        app.get(f"{one}/calendarView")(needs(self.view))
        app.get(f"{one}/events")(needs(self.search))
        app.post(f"{one}/events")(needs(self.create))
        app.patch(f"{one}/events/<event_id>")(needs(self.update))
        app.delete(f"{one}/events/<event_id>")(needs(self.delete))
        self.served = Served(app)

    # -- what the person does ----------------------------------------------------------------------

    def add(self, starts: str, ends: str, calendar: str = OWN, **more: Any) -> Event:
        """An event of their own; times in UTC without an offset, as Graph writes them."""
        number = next(self.serial)
        event = {
            "id": f"AAMk-{number}=", "iCalUId": f"040000008200E000-{number}", "showAs": "busy",
            "isCancelled": False, "isAllDay": False, "start": _time(starts), "end": _time(ends),
            "responseStatus": {"response": "organizer"}, **more,
        }  # fmt: skip
        return self._kept(calendar, event)

    def live(self, calendar: str = OWN) -> list[Event]:
        return list(self.events[calendar].values())

    def change(self, event: Event, **values: Any) -> None:
        self._kept(OWN, event | values)

    def forget(self, event: Event) -> None:
        """The person deletes it."""
        del self.events[OWN][event["id"]]

    # -- what programs ask -------------------------------------------------------------------------

    def list_calendars(self) -> Any:
        owner = {"address": "dana@example.com"}
        rows = [
            {"id": OWN, "name": "Calendar", "canEdit": True, "isDefaultCalendar": True,
             "owner": owner},
            {"id": HOLIDAYS, "name": "Holidays", "canEdit": False, "isDefaultCalendar": False,
             "owner": owner},
        ]  # fmt: skip
        return self._page(rows)

    def view(self, calendar: str) -> Any:
        """Recurring events come as their occurrences, in the zone that Prefer names."""
        assert 'outlook.timezone="UTC"' in request.headers["Prefer"]
        first, last = (
            datetime.fromisoformat(request.args[end]) for end in ("startDateTime", "endDateTime")
        )
        rows = [
            one for one in self._calendar(calendar)
            if _when(one["start"]) < last and _when(one["end"]) > first
        ]  # fmt: skip
        if KEPT not in request.args.get("$expand", ""):
            rows = [{name: one[name] for name in one if name != KEPT} for one in rows]
        return self._page(rows)

    def search(self, calendar: str) -> Any:
        """By a property that a program keeps with the event; an index may lag behind."""
        wanted = re.fullmatch(
            KEPT + r"/Any\(ep: ep/id eq '(.+)' and ep/value eq '(.+)'\)", request.args["$filter"]
        )
        assert wanted, request.args["$filter"]
        same = {"id": wanted[1], "value": wanted[2]}
        rows = [one for one in self._calendar(calendar) if same in one.get(KEPT, [])]
        return self._page(rows if self.searchable else [])

    def create(self, calendar: str) -> Any:
        event = request.get_json()
        self._check(calendar, event)
        known = self.transactions.get(event["transactionId"])
        if known:
            error = {"code": "ErrorDuplicateTransactionId"}
            return jsonify(error=error), 409
        number = next(self.serial)
        made = event | {
            "id": f"AAMk-{number}=", "iCalUId": f"040000008200E000-{number}",
            "isCancelled": False, "isAllDay": False, "responseStatus": {"response": "organizer"},
        }  # fmt: skip
        self.transactions[event["transactionId"]] = made["id"]
        return jsonify(self._kept(calendar, made)), 201

    def update(self, calendar: str, event_id: str) -> Any:
        event = request.get_json()
        self._check(calendar, event)
        return jsonify(self._kept(calendar, self._known(calendar, event_id) | event))

    def delete(self, calendar: str, event_id: str) -> Any:
        self._known(calendar, event_id)
        del self.events[calendar][event_id]
        return "", 204

    # -- steps -------------------------------------------------------------------------------------

    def _calendar(self, calendar: str) -> list[Event]:
        if calendar not in self.events:
            abort(404)
        return list(self.events[calendar].values())

    def _page(self, rows: list[Event]) -> Any:
        begin = int(request.args.get("$skip", 0))
        page: dict[str, Any] = {"value": rows[begin : begin + self.page_size]}
        if begin + self.page_size < len(rows):
            query = urlencode(request.args.to_dict() | {"$skip": begin + self.page_size})
            page["@odata.nextLink"] = f"{request.base_url}?{query}"
        return jsonify(page)

    def _check(self, calendar: str, event: Event) -> None:
        if calendar != OWN:
            abort(403)
        assert "attendees" not in event, "Graph mails everybody who is invited"
        assert _when(event["start"]) < _when(event["end"])

    def _known(self, calendar: str, event_id: str) -> Event:
        """Changing what one has not seen is refused here, so that no caller forgets its etag."""
        known = self.events[calendar].get(event_id)
        if known is None:
            abort(404)
        if "If-Match" not in request.headers:
            abort(428)
        if request.headers["If-Match"] != known["@odata.etag"]:
            abort(412)
        return known

    def _kept(self, calendar: str, event: Event) -> Event:
        event = event | {"@odata.etag": f'W/"{next(self.serial)}"'}
        self.events[calendar][event["id"]] = event
        return event


def _time(written: str) -> dict[str, str]:
    return {"dateTime": written + ".0000000", "timeZone": "UTC"}


def _when(written: dict[str, str]) -> datetime:
    assert written["timeZone"] == "UTC"
    return datetime.fromisoformat(written["dateTime"][:19]).replace(tzinfo=UTC)
