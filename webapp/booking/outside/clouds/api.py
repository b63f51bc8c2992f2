"""The JSON APIs of Google and Microsoft: asked with a token, answers and refusals as ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

from icalendar import Calendar, Event

from webapp.booking.outside.clouds.oauth import NOT_NOW, WITHDRAWN, Access
from webapp.booking.outside.fetch.fetching import Answer, Errand
from webapp.booking.outside.fetch.waiting import asked_to_wait
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable

Json = dict[str, Any]
# Which of the refusals a caller may expect, and deal with itself.
TOLD = frozenset({404, 409, 410, 412})
MOST_PAGES = 40
# https://developers.google.com/workspace/calendar/api/guides/errors: limits that come as a 403
LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})


@dataclass(frozen=True)
class Api:
    """base: its address without a slash at the end; headers: what every question carries."""

    access: Access
    errand: Errand
    base: str
    headers: Mapping[str, str]

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A yes, or one of TOLD; anything else is raised. path: below the base, or a full address
        below it, as pages name the next one."""
        address = self._address(path) + (f"?{urlencode(query)}" if query else "")
        answer = self._once(method, address, body, headers)
        if answer.status == 401:
            self.access.renew()
            answer = self._once(method, address, body, headers)
        check(answer)
        return answer

    def read(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """The answer to a question that must be answered."""
        answer = self.ask("GET", path, query)
        if answer.status >= 400:
            raise OutsideRefused("That calendar is not there any more, or is not yours to read.")
        return read_json(answer)

    def pages(self, path: str, query: Mapping[str, str], more: str) -> Iterator[Json]:
        """All pages of a list; `more` names the field with the next one's full address."""
        page = self.read(path, query)
        for _ in range(MOST_PAGES):
            yield page
            if more not in page:
                return
            page = self.read(page[more])
        raise OutsideRefused("That calendar is too large to be read.")

    def _once(
        self, method: str, address: str, body: Json | None, headers: Mapping[str, str] | None
    ) -> Answer:
        kind = {"Content-Type": "application/json"} if body is not None else {}
        sent = {**self.headers, **kind, **(headers or {}), **self.access.header()}
        content = json.dumps(body).encode() if body is not None else None
        return self.errand.ask(method, address, sent, content)

    def _address(self, path: str) -> str:
        """The token goes nowhere but below the base."""
        if path.startswith("/"):
            return self.base + path
        if not path.startswith(self.base + "/"):
            raise OutsideUnreachable("That server names a page that is not its own.")
        return path


def check(answer: Answer) -> None:
    """Nothing for a yes and for what the caller deals with; else OutsideRefused or …Unreachable."""
    status = answer.status
    if status < 400 or status in TOLD:
        return
    if status == 401:
        raise OutsideRefused(WITHDRAWN)
    if status == 429 or status >= 500 or (status == 403 and _at_a_limit(answer)):
        raise OutsideUnreachable(NOT_NOW, asked_to_wait(answer))
    if status == 403:
        raise OutsideRefused("That account may not do that with this calendar.")
    raise OutsideUnreachable(f"That server does not understand what we ask (code {status}).")


def read_json(answer: Answer) -> Json:
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        raise OutsideUnreachable("That server's answer makes no sense.") from error
    if not isinstance(found, dict):
        raise OutsideUnreachable("That server's answer makes no sense.")
    return found


def _at_a_limit(answer: Answer) -> bool:
    try:
        errors = json.loads(answer.body)["error"]["errors"]
        return any(error["reason"] in LIMITS for error in errors)
    except (ValueError, KeyError, TypeError):
        return False


class OurEvent(NamedTuple):
    """A meeting of ours, for a program that does not read calendar files. Times in UTC."""

    title: str
    place: str
    text: str
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, file: bytes) -> OurEvent:
        """The one event of a calendar file that we wrote."""
        event = cast(Event, Calendar.from_ical(file).walk("VEVENT")[0])
        title, place, text = (
            str(event.get(name, "")) for name in ("SUMMARY", "LOCATION", "DESCRIPTION")
        )
        starts_at, ends_at = cast(datetime, event.start), cast(datetime, event.end)
        return cls(title, place, text, starts_at.astimezone(UTC), ends_at.astimezone(UTC))
