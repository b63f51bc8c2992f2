"""Google Calendar's side of the conversation: calendarList and events, as API v3 documents them."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from flask import abort, jsonify, request

from tests.accounts_elsewhere.issuer import Issuer, Served

BASE_PATH = "/calendar/v3"
SCOPE = "https://www.googleapis.com/auth/calendar."
OWN, SHARED = "dana@example.com", "team@group.calendar.google.com"
Event = dict[str, Any]


class GoogleStandIn:
    """Two calendars: the account's own, and one of the team that it may only read."""

    def __init__(self, redirect: str) -> None:
        scopes = ("calendarlist.readonly", "events.readonly", "events.owned")
        self.issuer = Issuer(
            frozenset(SCOPE + scope for scope in scopes),
            {"access_type": "offline"},
            redirect,
        )
        self.events: dict[str, dict[str, Event]] = {OWN: {}, SHARED: {}}
        self.serial = itertools.count(1)
        self.page_size = 2
        app, needs = self.issuer.app(), self.issuer.needs
        lists, reads, owns = (SCOPE + scope for scope in scopes)
        events = f"{BASE_PATH}/calendars/<calendar>/events"
        app.get(f"{BASE_PATH}/users/me/calendarList")(needs(lists)(self.list_calendars))
        app.get(events)(needs(reads, owns)(self.list_events))
        app.post(events)(needs(owns)(self.insert))
        app.put(f"{events}/<event_id>")(needs(owns)(self.update))
        app.delete(f"{events}/<event_id>")(needs(owns)(self.delete))
        self.served = Served(app)

    # -- what the person does ----------------------------------------------------------------------

    def add(self, starts: str, ends: str, calendar: str = OWN, **more: Any) -> Event:
        """An event of their own; times with an offset, or dates for whole days."""
        name = "dateTime" if "T" in starts else "date"
        number = next(self.serial)
        event = {
            "id": f"event{number}", "iCalUID": f"event{number}@google.com", "status": "confirmed",
            "start": {name: starts}, "end": {name: ends}, "organizer": {"self": True}, **more,
        }  # fmt: skip
        return self._kept(calendar, event)

    def live(self, calendar: str = OWN) -> list[Event]:
        return [one for one in self.events[calendar].values() if one["status"] != "cancelled"]

    def change(self, event: Event, **values: Any) -> None:
        self._kept(OWN, event | values)

    # -- what programs ask -------------------------------------------------------------------------

    def list_calendars(self) -> Any:
        every = [
            {"id": OWN, "summary": "Dana", "accessRole": "owner", "primary": True},
            {"id": SHARED, "summary": "Team", "accessRole": "reader"},
        ]
        number = int(request.args.get("pageToken", 0))
        page: dict[str, Any] = {"items": every[number : number + 1]}
        return jsonify(page | ({"nextPageToken": "1"} if number == 0 else {}))

    def list_events(self, calendar: str) -> Any:
        asked, known = request.args, self._calendar(calendar)
        if "iCalUID" in asked:
            items = [one for one in known if one["iCalUID"] == asked["iCalUID"]]
            return jsonify(items=[one for one in items if self._shown(one)])
        assert asked["singleEvents"] == "true"
        if "syncToken" in asked:
            return self._since(known, asked["syncToken"])
        window = (
            datetime.fromisoformat(asked["timeMin"]),
            datetime.fromisoformat(asked["timeMax"]),
        )
        items = [one for one in known if self._shown(one) and _touches(one, *window)]
        begin = int(asked.get("pageToken", 0))
        page: dict[str, Any] = {"items": items[begin : begin + self.page_size]}
        if begin + self.page_size < len(items):
            return jsonify(page | {"nextPageToken": str(begin + self.page_size)})
        return jsonify(page | {"nextSyncToken": self._now()})

    def _since(self, known: list[Event], token: str) -> Any:
        """Parameters that a sync token may not come with are refused, as Google does."""
        if {"timeMin", "timeMax", "iCalUID", "q"} & request.args.keys():
            abort(400)
        if token == "old":
            return jsonify(error={"code": 410, "errors": [{"reason": "fullSyncRequired"}]}), 410
        changed = [one for one in known if one["version"] > int(token)]
        return jsonify(items=changed, nextSyncToken=self._now())

    def insert(self, calendar: str) -> Any:
        event = request.get_json()
        self._check(calendar, event)
        if any(one["iCalUID"] == event["iCalUID"] for one in self._calendar(calendar)):
            return jsonify(error={"code": 409, "errors": [{"reason": "duplicate"}]}), 409
        number = next(self.serial)
        made = event | {"id": f"event{number}", "organizer": {"self": True}}
        return jsonify(self._kept(calendar, made))

    def update(self, calendar: str, event_id: str) -> Any:
        event = request.get_json()
        self._check(calendar, event)
        known = self._known(calendar, event_id)
        kept = {name: known[name] for name in ("id", "iCalUID", "organizer")}
        return jsonify(self._kept(calendar, event | kept))

    def delete(self, calendar: str, event_id: str) -> Any:
        known = self._known(calendar, event_id)
        if known["status"] == "cancelled":
            return jsonify(error={"code": 410, "errors": [{"reason": "deleted"}]}), 410
        self._kept(calendar, known | {"status": "cancelled"})
        return "", 204

    # -- steps -------------------------------------------------------------------------------------

    def _calendar(self, calendar: str) -> list[Event]:
        if calendar not in self.events:
            abort(404)
        return list(self.events[calendar].values())

    def _check(self, calendar: str, event: Event) -> None:
        """Nobody may be mailed, and only an owner's calendar is written under this scope."""
        if calendar != OWN:
            abort(403)
        assert request.args["sendUpdates"] == "none" and "attendees" not in event
        if not (_when(event["start"]) < _when(event["end"])):
            abort(400)

    def _known(self, calendar: str, event_id: str) -> Event:
        """Changing what one has not seen is refused here, so that no caller forgets its etag."""
        known = self.events[calendar].get(event_id)
        if known is None:
            abort(404)
        assert request.args["sendUpdates"] == "none"
        if "If-Match" not in request.headers:
            abort(428)
        if request.headers["If-Match"] != known["etag"]:
            abort(412)
        return known

    def _kept(self, calendar: str, event: Event) -> Event:
        version = next(self.serial)
        event = event | {"version": version, "etag": f'"{version}"'}
        self.events[calendar][event["id"]] = event
        return event

    def _shown(self, event: Event) -> bool:
        return event["status"] != "cancelled" or request.args.get("showDeleted") == "true"

    def _now(self) -> str:
        return str(next(self.serial))


def _when(written: dict[str, str]) -> datetime:
    return datetime.fromisoformat(written.get("dateTime") or written["date"] + "T00:00:00+00:00")


def _touches(event: Event, first: datetime, last: datetime) -> bool:
    return _when(event["start"]) < last and _when(event["end"]) > first
