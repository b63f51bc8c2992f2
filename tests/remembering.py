"""What many tests begin with, done for real by the first and put back for those that follow.

A client who has paid is some seven hundred statements and forty calls to Stripe away from an empty
database. So all that such a step has left in the world (our rows, what Stripe's stand-in knows, the
mails that arrived, the browser's cookies, the clock) is kept, and put back when another test of
this process takes the same step from the same state. Where anything whatever has been touched
since, or parts of the app have been replaced, the step is taken for real.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from flask.testing import FlaskClient

from tests.databases import Kept
from tests.mail import Mailbox
from tests.standin import StandIn
from webapp.db import session

# What was put back is older than it looks; a hold, the shortest-lived of it all, lasts 15 minutes.
LONGEST_KEPT = 480.0
numbers = itertools.count(1)


class Part(Protocol):
    """Of the world. mark: equal as long as nothing has changed; empty: as when a test begins."""

    def take(self) -> Any: ...

    def put(self, taken: Any) -> None: ...

    def mark(self) -> Any: ...

    def empty(self) -> bool: ...


@dataclass
class OurRows:
    database: Kept

    def take(self) -> Any:
        return self.database.rows()

    def put(self, taken: Any) -> None:
        self.database.put(taken)

    def mark(self) -> Any:
        return self.database.mark()

    def empty(self) -> bool:
        return not any(count for _, count, _ in self.mark())


@dataclass
class AtStripe:
    standin: StandIn

    def take(self) -> Any:
        return self.standin.memory(), list(self.standin.gate.bodies)

    def put(self, taken: Any) -> None:
        known, bodies = taken
        self.standin.put_back(known)
        self.standin.gate.bodies[:] = bodies

    def mark(self) -> Any:
        """How often a webhook was tried meanwhile changes nothing."""
        known = self.standin.memory()
        sent = [(row[1], row[5]) for row in known.pop("deliveries")]
        return known, sent, len(self.standin.gate.bodies), self.standin.receive

    def empty(self) -> bool:
        known = self.standin.memory()
        known["settings"] = [row for row in known["settings"] if row[0] != "origin"]
        return not any(known.values()) and self.standin.receive is self.standin.usual


@dataclass
class Mails:
    mailbox: Mailbox

    def take(self) -> Any:
        return list(self.mailbox.messages)

    def put(self, taken: Any) -> None:
        self.mailbox.messages[:] = taken

    def mark(self) -> Any:
        return [id(message) for message in self.mailbox.messages]

    def empty(self) -> bool:
        return not self.mailbox.messages


@dataclass
class Cookies:
    browser: FlaskClient

    def take(self) -> Any:
        return dict(self.browser._cookies or {})

    def put(self, taken: Any) -> None:
        self.browser._cookies = dict(taken)

    def mark(self) -> Any:
        return self.take()

    def empty(self) -> bool:
        return not self.take()


@dataclass
class OurClock:
    file: Path

    def take(self) -> Any:
        return self.file.read_text()

    def put(self, taken: Any) -> None:
        self.file.write_text(taken)

    def mark(self) -> Any:
        return self.take()

    def empty(self) -> bool:
        return self.take() == "0"


@dataclass
class Replaced:
    """What the test has put in the place of parts of the app; nothing of that is ever kept."""

    by: pytest.MonkeyPatch

    def take(self) -> Any:
        return None

    def put(self, taken: Any) -> None: ...

    def mark(self) -> Any:
        return len(self.by._setattr), len(self.by._setitem)

    def empty(self) -> bool:
        return not self.by._setattr


@dataclass(frozen=True)
class Memory:
    """What a step came to. since: when the first of the steps that led here was taken."""

    number: int
    since: float
    taken: list[Any]
    result: Any

    @property
    def fresh(self) -> bool:
        return time.monotonic() - self.since < LONGEST_KEPT


NOTHING = Memory(0, 0.0, [], None)


class Past:
    """The memories of this process, by the state a step began in, the step and the setting."""

    def __init__(self) -> None:
        self.known: dict[Hashable, Memory] = {}

    def find(self, key: Hashable) -> Memory | None:
        self.known = {one: memory for one, memory in self.known.items() if memory.fresh}
        return self.known.get(key)


@dataclass
class Steps:
    """One test's way through states that were kept. at: which it is in; None: one of its own."""

    past: Past
    parts: list[Part]
    setting: Callable[[], Hashable]
    at: Memory | None = None
    marks: list[Any] = field(default_factory=list)

    def begin(self) -> Steps:
        """From nothing at all, or else for real."""
        if all(part.empty() for part in self.parts):
            self.at, self.marks = NOTHING, self._mark()
        return self

    def take(self, name: Hashable, action: Callable[[], Any]) -> Any:
        """Do it, or put back what it came to from this very state. Its result, of plain values."""
        session.commit()
        if self.at is None or self.marks != self._mark():
            self.at = None
            return action()
        before = self.at
        key = (before.number, name, self.setting())
        self.at = self.past.find(key)
        if self.at:
            self._put(self.at)
        else:
            self.at = self.past.known[key] = self._done(action, before)
        self.marks = self._mark()
        return self.at.result

    def _mark(self) -> list[Any]:
        return [part.mark() for part in self.parts]

    def _done(self, action: Callable[[], Any], before: Memory) -> Memory:
        since = time.monotonic() if before is NOTHING else before.since
        result = action()
        session.commit()
        return Memory(next(numbers), since, [part.take() for part in self.parts], result)

    def _put(self, memory: Memory) -> None:
        for part, taken in zip(self.parts, memory.taken, strict=True):
            part.put(taken)
        session.expire_all()
