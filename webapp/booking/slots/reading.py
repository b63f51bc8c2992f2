"""Reads untrusted JSON, naming the place of whatever is wrong with it."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# RFC 3339, and the seconds may be left out. ISO 8601 knows weeks, days of the year and more ways,
# of which one release of Python reads more than the next.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)

_Made = TypeVar("_Made")


class Malformed(ValueError):
    """The input is not what it should be; the message says where and why."""


class Node:
    """A value of the document that knows its place, such as `hosts[0].busy`.

    The place is spelled out only when something is wrong: there are hundreds of nodes.
    """

    __slots__ = ("key", "parent", "value")

    def __init__(self, value: Any, parent: "Node | None" = None, key: str | int = "") -> None:
        self.value = value
        self.parent = parent
        self.key = key

    def __getitem__(self, key: str) -> "Node":
        found = self.get(key)
        if found is None:
            raise self.malformed(f"{key} is missing")
        return found

    def get(self, key: str) -> "Node | None":
        """A member that may be left out or null."""
        if not isinstance(self.value, dict):
            raise self.malformed("expected an object")
        value = self.value.get(key)
        return None if value is None else Node(value, self, key)

    def items(self) -> list["Node"]:
        if not isinstance(self.value, list):
            raise self.malformed("expected a list")
        return [Node(item, self, index) for index, item in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.malformed("expected a string")
        return self.value

    def number(self) -> int:
        # True and False are ints to Python, but not to whoever wrote the document.
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.malformed("expected a whole number")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.malformed("expected true or false")
        return self.value

    def instant(self) -> datetime:
        if not _INSTANT.fullmatch(self.text()):
            raise self.malformed("expected an instant, YYYY-MM-DDTHH:MM:SS and its offset or Z")
        return self.make(datetime.fromisoformat, self.text().upper())

    def date(self) -> date:
        if not _DATE.fullmatch(self.text()):
            raise self.malformed("expected a date, YYYY-MM-DD")
        return self.make(date.fromisoformat, self.text())

    def minute_of_day(self) -> int:
        """Minutes from the start of the day; 24:00 is 1440."""
        if not _TIME_OF_DAY.fullmatch(self.text()):
            raise self.malformed("expected a time from 00:00 to 24:00")
        hours, minutes = self.text().split(":")
        return int(hours) * 60 + int(minutes)

    def make(self, build: Callable[..., _Made], *parts: Any) -> _Made:
        """What the parts build; a ValueError over them is put down to this place."""
        try:
            return build(*parts)
        except ValueError as error:
            raise self.malformed(str(error)) from error

    def malformed(self, reason: str) -> Malformed:
        place = self.place()
        return Malformed(f"{place}: {reason}" if place else reason)

    def place(self) -> str:
        if self.parent is None:
            return ""
        if isinstance(self.key, int):
            return f"{self.parent.place()}[{self.key}]"
        return f"{self.parent.place()}.{self.key}".lstrip(".")


def document(source: bytes) -> Node:
    """The root of a JSON document. Raises Malformed."""
    try:
        return Node(json.loads(source))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error
