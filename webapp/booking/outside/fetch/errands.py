"""A provider that is on an errand of its own each time it is asked for something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from webapp.booking.outside.fetch.fetching import Errand, errand
from webapp.booking.outside.provider import Connection, Provider, Reading

Outcome = TypeVar("Outcome")
Speaks = Callable[[Connection, Errand], Provider]


class OnErrands:
    """speaks: the provider's class; renewed credentials go on from one errand to the next."""

    def __init__(self, speaks: Speaks, connection: Connection) -> None:
        self._speaks = speaks
        self._connection = connection

    @property
    def secret(self) -> str:
        return self._connection.secret

    def read(self, first: datetime, last: datetime, validators: dict[str, str]) -> Reading:
        return self._sent(lambda provider: provider.read(first, last, validators))

    def write(self, uid: str, file: bytes, known: str | None) -> str:
        return self._sent(lambda provider: provider.write(uid, file, known))

    def remove(self, uid: str, known: str | None) -> None:
        self._sent(lambda provider: provider.remove(uid, known))

    def _sent(self, work: Callable[[Provider], Outcome]) -> Outcome:
        with errand() as asking:
            provider = self._speaks(self._connection, asking)
            try:
                return work(provider)
            finally:
                self._connection = replace(self._connection, secret=provider.secret)
